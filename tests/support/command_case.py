"""What the tests of the commands over records have in common."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest


class CommandCase(unittest.TestCase):
    """Runs `ume COMMAND` in a folder of its own."""

    programs = pathlib.Path()
    command = ()

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="ume-command-")
        self.folder = pathlib.Path(self.scratch.name)

    def tearDown(self):
        self.scratch.cleanup()

    def write(self, rows, name="records.jsonl"):
        """Records, or lines as they are, one a line."""
        path = self.folder / name
        path.write_text("".join(
            (row if isinstance(row, str) else json.dumps(row)) + "\n"
            for row in rows))
        return path

    def call(self, *options, code=0, **streams):
        result = subprocess.run(
            [self.programs / "ume", *self.command, *map(str, options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=300, **streams)
        self.assertEqual(result.returncode, code,
                         f"{options}\n{result.stdout}\n{result.stderr}")
        self.errors = result.stderr
        return result.stdout

    def refuse(self, code, text, *options):
        """Ends with this code, and says this on stderr."""
        self.call(*options, code=code)
        self.assertIn(text, self.errors)

    def lines(self, *options, **settings):
        return [json.loads(line)
                for line in self.call(*options, **settings).splitlines()]

    def assertNear(self, found, expected, tolerance):
        self.assertEqual(len(found), len(expected))
        worst = max(abs(a - b) for a, b in zip(found, expected))
        self.assertLessEqual(worst, tolerance)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    options, rest = parser.parse_known_args()
    CommandCase.programs = pathlib.Path(options.programs).resolve()
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=2)
