#!/usr/bin/env python3
"""Builds the emoji example's training and evaluation data.

  python3 examples/emoji/build.py --output examples/emoji/data
  python3 examples/emoji/build.py --output DIR --style examples/emoji/style

Reads Debian's fonts-noto-color-emoji, unicode-cldr-core and unicode-data, and,
with --style, OpenMoji's drawings (fetch_style.py). The same inputs give the
same bytes; a finished folder is recognised by its stamp and left alone. Exit
codes: 69 a package is missing, 74 a file cannot be read or written or the disk
is full, 78 the output folder holds something else.
"""

import argparse
import hashlib
import json
import shutil
import sys
import time
from pathlib import Path

from builder import environment
from builder.environment import fail

STAMP = "stamp.json"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="example: build.py --output examples/emoji/data")
    parser.add_argument("--output", type=Path, required=True,
                        help="folder to write; replaced as a whole")
    parser.add_argument("--style", type=Path,
                        help="folder of fetch_style.py: adds the OpenMoji "
                             "style; without it that task is left out")
    parser.add_argument("--small", action="store_true",
                        help="a small set of the same shape, for tests")
    return parser.parse_args()


def input_digest(arguments: argparse.Namespace) -> str:
    """Hash of the builder's code, the inputs and what is asked for."""
    here = Path(__file__).resolve().parent
    files = [Path(__file__), *sorted((here / "builder").glob("*.py")),
             environment.FONT, environment.EMOJI_TEST,
             *sorted((environment.CLDR / "supplemental").glob("*.xml"))]
    for language in ("en", "de", "es", "fi", "hu"):
        files += [environment.CLDR / folder / f"{language}.xml"
                  for folder in ("main", "annotations")]
    digest = hashlib.sha256(repr((arguments.small,
                                  arguments.style is not None)).encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def claim_output(output: Path) -> None:
    """Refuses to replace a folder that this program did not write."""
    if output.exists() and not (output.is_dir() and (
            (output / STAMP).is_file() or not any(output.iterdir()))):
        fail(environment.EXIT_CONFIG,
             f"{output} exists and was not written by this program; "
             "remove it or choose another --output")


def is_current(output: Path, digest: str) -> bool:
    try:
        return json.loads((output / STAMP).read_text())["inputs"] == digest
    except (OSError, ValueError, KeyError):
        return False


def build(arguments: argparse.Namespace, digest: str) -> dict[str, int]:
    from builder import datasets, openmoji
    from builder.options import SMALL, BuildOptions
    partial = arguments.output.with_name(arguments.output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    options = SMALL if arguments.small else BuildOptions()
    try:
        counts = datasets.write_all(partial, arguments.style, options)
    except openmoji.StyleError as error:
        shutil.rmtree(partial)
        fail(environment.EXIT_UNAVAILABLE, str(error))
    (partial / STAMP).write_text(json.dumps(
        {"inputs": digest, "counts": counts}, indent=1) + "\n")
    shutil.rmtree(arguments.output, ignore_errors=True)
    partial.rename(arguments.output)
    return counts


def main() -> int:
    arguments = parse_arguments()
    environment.require_python()
    environment.require_files(need_svg=arguments.style is not None)
    claim_output(arguments.output)
    digest = input_digest(arguments)
    if is_current(arguments.output, digest):
        print(f"emoji: {arguments.output} is up to date")
        return 0
    if arguments.style is None:
        print("emoji: no --style: the image-to-image task across drawing "
              "styles is left out (fetch_style.py downloads the drawings)")
    begin = time.monotonic()
    counts = build(arguments, digest)
    listing = ", ".join(f"{n} {name}" for name, n in counts.items())
    print(f"emoji: wrote {arguments.output} in "
          f"{time.monotonic() - begin:.0f} s: {listing}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:
        fail(environment.EXIT_IO, str(error))
