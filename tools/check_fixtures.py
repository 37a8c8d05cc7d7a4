#!/usr/bin/env python3
"""Keeps tests/fixtures equal to what was taken over: every file's SHA-256 is
listed in tests/fixtures/SHA256SUMS. `--update` writes the list anew."""

import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures"
SUMS = ROOT / "SHA256SUMS"
KEPT = ("parity", "spec_examples")


def digest_lines():
    lines = []
    for folder in KEPT:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                lines.append(f"{digest}  {path.relative_to(ROOT).as_posix()}")
    return lines


def main():
    lines = digest_lines()
    if "--update" in sys.argv[1:]:
        SUMS.write_text("\n".join(lines) + "\n")
        return 0
    recorded = SUMS.read_text().splitlines()
    for line in sorted(set(lines) ^ set(recorded)):
        print("differs from SHA256SUMS:", line)
    return 0 if lines == recorded else 1


if __name__ == "__main__":
    sys.exit(main())
