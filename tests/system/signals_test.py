#!/usr/bin/env python3
"""`ume train` with every process real, told to end in the middle by each signal
that it knows, by a second one, and by kill -9: the exit code that scripts rely
on, nothing left behind, and a resumed run that ends as one that was left in
peace. While it runs, its pages answer."""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from tiny_job import TinyJob  # noqa: E402

PROGRAMS = pathlib.Path()


class Signals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = TinyJob(PROGRAMS)
        cls.place.run("train", cls.place.config("calm"), check=True)

    @classmethod
    def tearDownClass(cls):
        cls.place.remove()

    def start(self, name):
        """`ume train` in the background, once its first step is recorded."""
        config = self.place.config(name)
        process = subprocess.Popen(
            self.place.command("train", config, f"run.name={name}"),
            stderr=subprocess.PIPE, text=True)
        metrics = self.place.folder / name / "metrics.jsonl"
        deadline = time.monotonic() + 120
        while not (metrics.is_file() and metrics.stat().st_size > 0):
            self.assertLess(time.monotonic(), deadline, "no step within 120 s")
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        return config, process

    def end(self, process, code):
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, code, messages)
        return messages

    def resume(self, config, name):
        """Goes on to the end, which must be that of the calm run."""
        resumed = self.place.run("train", config, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(self.place.digest(name), self.place.digest("calm"))
        weights = [(self.place.folder / run / "model" /
                    "model.safetensors").read_bytes() for run in (name, "calm")]
        self.assertEqual(*weights)

    def fetch(self, name, path):
        endpoints = self.place.folder / name / "endpoints.json"
        url = json.loads(endpoints.read_text())["http"]
        with urllib.request.urlopen(url + path, timeout=10) as reply:
            return reply.read().decode()

    def processes_of(self, name):
        """Ids of the processes whose command line names the run's folder."""
        folder = str(self.place.folder / name).encode()
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if folder in path.read_bytes():
                    found.append(int(path.parent.name))
        return found

    def test_the_first_signal_ends_a_run_after_its_checkpoint(self):
        for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 75),
                           (signal.SIGUSR1, 75)):
            with self.subTest(sent.name):
                name = f"told-{sent.name}"
                config, process = self.start(name)
                self.assertIn("<html", self.fetch(name, "/"))
                self.assertEqual(self.fetch(name, "/healthz"), "ok\n")
                self.assertIn("# TYPE ume_", self.fetch(name, "/metrics"))
                process.send_signal(sent)
                self.assertIn(
                    f"go on with: ume train {config} run.name={name} --resume",
                    self.end(process, code))
                self.resume(config, name)

    def test_a_second_signal_leaves_at_once(self):
        config, process = self.start("hurried")
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)  # or the two would count as one
        process.send_signal(signal.SIGINT)
        self.end(process, 143)
        self.resume(config, "hurried")

    def test_a_killed_run_leaves_no_process(self):
        config, process = self.start("killed")
        roles = [p for p in self.processes_of("killed") if p != process.pid]
        self.assertGreaterEqual(len(roles), 5)
        process.kill()
        process.communicate(timeout=60)
        deadline = time.monotonic() + 60
        while self.processes_of("killed") and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.processes_of("killed"), [])
        self.resume(config, "killed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs.resolve()
    os.chdir(ROOT)
    unittest.main(argv=[sys.argv[0], "-v", *rest])
