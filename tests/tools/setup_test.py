#!/usr/bin/env python3
"""tools/setup.sh and tools/fetch_deps.py where something is missing: the exit
code, a message that says what to do, and nothing half-done left behind. apt,
dpkg and sudo are stand-ins; the package index is out of reach."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from small_disk import on_small_disk  # noqa: E402

TOOLS = ("setup.sh", "fetch_deps.py", "debian-packages.txt", "wheels.lock")
NOBODY = 65534
INSTALLED = 'echo "ii "'


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ume-setup-"))
        self.folder.chmod(0o755)
        (self.folder / "tools").mkdir()
        for name in TOOLS:
            shutil.copy(ROOT / "tools" / name, self.folder / "tools" / name)
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        for name in ("env", "bash", "sh", "dirname", "grep", "python3"):
            (self.programs / name).symlink_to(shutil.which(name))
        self.deps = self.folder / "deps"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def program(self, name, script):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def complete_deps(self):
        stamp = self.deps / "libtorch" / "complete"
        stamp.parent.mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "wheels.lock", stamp)

    def run_tool(self, *command, wrap=lambda command: command, **settings):
        environment = {
            "PATH": str(self.programs), "HOME": str(self.folder),
            "DEPS_DIR": str(self.deps), "PYTHONDONTWRITEBYTECODE": "1",
            # Port 9 of this host: refused at once.
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0",
            "PIP_CONFIG_FILE": "/dev/null", **settings}
        return subprocess.run(wrap(list(command)), text=True, timeout=120,
                              capture_output=True, env=environment,
                              cwd=self.folder)

    def as_nobody(self, command):
        if os.geteuid() != 0:
            return command
        return [shutil.which("setpriv"), f"--reuid={NOBODY}",
                f"--regid={NOBODY}", "--clear-groups", *command]

    def test_nothing_is_fetched_where_nothing_is_missing(self):
        self.program("dpkg-query", INSTALLED)
        self.complete_deps()
        result = self.run_tool("tools/setup.sh")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout + result.stderr, "")

    def test_packages_that_cannot_be_installed_are_named(self):
        self.program("dpkg-query",
                     'for p; do :; done; [ "$p" = libzmq3-dev ] || '
                     + INSTALLED)
        self.program("sudo", 'exec "$@"')
        self.program("apt-get", "echo 'E: Could not resolve' >&2; exit 100")
        result = self.run_tool("tools/setup.sh")
        self.assertEqual(result.returncode, 69)
        self.assertIn("could not install: libzmq3-dev.", result.stderr)
        self.assertIn("network", result.stderr)
        self.assertIn("Could not resolve", result.stderr)
        self.assertFalse(self.deps.exists())

    def test_without_root_and_sudo_the_missing_packages_are_named(self):
        self.program("dpkg-query",
                     'for p; do :; done; [ "$p" = catch2 ] || ' + INSTALLED)
        result = self.run_tool("tools/setup.sh", wrap=self.as_nobody)
        self.assertEqual(result.returncode, 69)
        self.assertIn("missing", result.stderr)
        self.assertIn("catch2", result.stderr)
        self.assertIn("sudo", result.stderr)

    def test_an_index_out_of_reach_says_what_to_do_and_leaves_nothing(self):
        result = self.run_tool("python3", "tools/fetch_deps.py")
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("tools/wheels.lock", result.stderr)
        self.assertIn("DEPS_DIR", result.stderr)
        self.assertEqual(list(self.deps.iterdir()), [])

    def test_a_wheel_with_another_hash_is_refused_and_leaves_nothing(self):
        wheels = self.folder / "wheels"
        wheels.mkdir()
        for line in (ROOT / "tools" / "wheels.lock").read_text().splitlines():
            if "==" in line:
                name, version = line.split()[0].split("==")
                wheel = (f"{name.replace('-', '_')}-{version}-cp311-cp311-"
                         "manylinux_2_28_x86_64.whl")
                (wheels / wheel).write_bytes(b"not what was pinned")
        result = self.run_tool("python3", "tools/fetch_deps.py",
                               PIP_FIND_LINKS=str(wheels), PIP_NO_INDEX="1")
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("hash", result.stderr.lower())
        self.assertEqual(list(self.deps.iterdir()), [])

    def test_a_folder_that_cannot_be_made_is_one_line_and_74(self):
        (self.folder / "file").write_text("no folder\n")
        result = self.run_tool("python3", "tools/fetch_deps.py",
                               DEPS_DIR=str(self.folder / "file" / "deps"))
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn("/file", result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_no_copy_of_the_wheels_stays_outside_of_the_project(self):
        """In pip's cache, half a gigabyte."""
        stand_in = self.folder / "modules" / "pip"
        stand_in.mkdir(parents=True)
        (stand_in / "__init__.py").touch()
        (stand_in / "__main__.py").write_text(
            "import sys\nprint(*sys.argv, file=sys.stderr)\nsys.exit(1)\n")
        result = self.run_tool("python3", "tools/fetch_deps.py",
                               PYTHONPATH=str(stand_in.parent))
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn(" download ", result.stderr)
        self.assertIn(" --no-cache-dir ", result.stderr)

    def test_too_little_disk_is_refused_before_anything_is_fetched(self):
        self.deps.mkdir()
        mount = [shutil.which(p) for p in ("unshare", "mount")]
        self.assertNotIn(None, mount)
        result = self.run_tool(
            "python3", "tools/fetch_deps.py",
            wrap=lambda command: on_small_disk(self.deps, 1 << 20, command),
            PATH=f"{self.programs}:{os.environ['PATH']}")
        self.assertEqual(result.returncode, 74, result.stderr)
        self.assertIn("MiB free", result.stderr)
        self.assertIn(str(self.deps), result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
