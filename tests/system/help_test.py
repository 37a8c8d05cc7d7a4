#!/usr/bin/env python3
"""Every command's --help has an example, as docs/cli.md promises."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402

# `ume role --help` is of the program without LibTorch, which passes them on.
PASSED_ON = (("role", "rollout"), ("role", "learner"))


class Help(CommandCase):
    def check(self, *command):
        """Of a command, or of all those below it. Returns their number."""
        text = self.call(*command, "--help")
        _, _, below = text.partition("Subcommands:\n")
        names = re.findall(r"^  ([\w-]+) ", below, re.M)
        if not names:
            with self.subTest(" ".join(command)):
                self.assertRegex(text, r"Example:\n  (ume|.* ume|mpirun)")
            return 1
        return sum(self.check(*command, name) for name in names)

    def test_every_command_has_an_example(self):
        self.assertGreater(self.check(), 20)

    def test_the_roles_with_libtorch_have_one(self):
        for command in PASSED_ON:
            self.check(*command)


if __name__ == "__main__":
    main()
