#!/usr/bin/python3
"""Writes the inputs that fuzzing starts from: small good ones, made from the
fixtures, and the hostile ones that readers are known to fall for. Run from the
project's root: tests/fuzz/seeds.py FOLDER makes FOLDER/TARGET/NAME. A target's
inputs come from the function of its name in seeds_of/."""

import pathlib
import re
import sys

from seeds_of import model_files, pictures, record_files, run_files

HERE = pathlib.Path(__file__).parent


def inputs_of(target):
    for module in (model_files, pictures, record_files, run_files):
        if hasattr(module, target):
            return getattr(module, target)()
    raise SystemExit(f"no function {target} in tests/fuzz/seeds_of")


def main():
    folder = pathlib.Path(sys.argv[1])
    names = (HERE / "target_functions.h").read_text()
    for target in re.findall(r"^  X\((\w+)\)", names, re.M):
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        for name, content in inputs_of(target):
            (place / name).write_bytes(content)


if __name__ == "__main__":
    main()
