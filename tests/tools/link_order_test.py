#!/usr/bin/env python3
"""LibTorch's own matrix products must not be replaced by those of another
library: where a program needs both, the dynamic linker takes the first that
has the symbol, and OpenBLAS's sgemm_ made training several times slower."""

import argparse
import pathlib
import re
import subprocess
import sys
import unittest

PROGRAMS = pathlib.Path()


class LinkOrder(unittest.TestCase):
    def test_libtorch_comes_before_openblas_wherever_both_are_needed(self):
        checked = 0
        for program in sorted(PROGRAMS.iterdir()):
            text = subprocess.run(["readelf", "-d", program], text=True,
                                  capture_output=True, check=True).stdout
            needed = re.findall(r"\(NEEDED\).*\[(lib[^]]*)\]", text)
            if not any(n.startswith("libtorch_cpu") for n in needed):
                continue
            checked += 1
            self.assertTrue(needed[0].startswith("libtorch_cpu"),
                            f"{program.name}: {needed}")
        self.assertGreater(checked, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs
    unittest.main(argv=[sys.argv[0], "-v", *rest])
