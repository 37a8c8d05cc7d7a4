"""Real runs of a small job for the tests of `ume train`: started in the
background, watched, killed, resumed, and compared with a calm run."""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.request

from tiny_job import ROOT, TinyJob


class RunCase(unittest.TestCase):
    """`place` has the job; `calm` is how its fault-free run ended."""

    programs = pathlib.Path()

    @classmethod
    def setUpClass(cls):
        cls.place = TinyJob(cls.programs)
        cls.calm_config = cls.place.config("calm")
        cls.calm = cls.place.run("train", cls.calm_config)

    @classmethod
    def tearDownClass(cls):
        cls.place.remove()

    def weights(self, name):
        return (self.place.folder / name / "model" /
                "model.safetensors").read_bytes()

    def check_metrics(self, name):
        """Each step is in metrics.jsonl, once and in order."""
        steps = self.place.steps(name)
        self.assertEqual([(s["phase"], s["step"]) for s in steps],
                         [("sft", i) for i in range(4)] +
                         [("grpo", i) for i in range(4)])

    def check_equals_calm(self, name):
        self.assertEqual(self.place.digest(name), self.place.digest("calm"))
        self.assertEqual(self.weights(name), self.weights("calm"))
        self.check_metrics(name)

    def start(self, name, *overrides):
        process = subprocess.Popen(
            self.place.command("train", self.place.config(name), *overrides),
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)  # its roles end with it
        return process

    def wait_for(self, what, seconds=120):
        """Waits until what() gives something, and returns that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = what()
            if found:
                return found
            time.sleep(0.02)
        self.fail("nothing came within the time")

    def wait_for_step(self, name):
        metrics = self.place.folder / name / "metrics.jsonl"
        self.wait_for(lambda: metrics.is_file() and metrics.stat().st_size)

    def start_first_step(self, name, *overrides):
        """`ume train` in the background, once its first step is recorded."""
        config = self.place.config(name)
        process = self.start(name, f"run.name={name}", *overrides)
        self.wait_for_step(name)
        return config, process

    def resume(self, config, name):
        """Goes on to the end, which must be that of the calm run."""
        resumed = self.place.run("train", config, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.check_equals_calm(name)

    def coordinator_pid(self, name):
        path = self.place.folder / name / "endpoints.json"
        self.wait_for(path.is_file)
        return json.loads(path.read_text())["pid"]

    def fetch(self, name, path):
        endpoints = self.place.folder / name / "endpoints.json"
        url = json.loads(endpoints.read_text())["http"]
        with urllib.request.urlopen(url + path, timeout=10) as reply:
            return reply.read().decode()

    def processes_of(self, name, *words):
        """Ids of the processes whose command line names the run's folder, and
        has all these words."""
        folder = str(self.place.folder / name).encode()
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                line = path.read_bytes()
                if folder in line and all(w.encode() in line.split(b"\0")
                                          for w in words):
                    found.append(int(path.parent.name))
        return found

    def ranks(self, name):
        """Ids of the learner's processes, without mpirun."""
        mpirun = self.processes_of(name, "mpirun")
        return sorted(set(self.processes_of(name, "learner")) - set(mpirun))


def main(doc):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    RunCase.programs = options.programs.resolve()
    os.chdir(ROOT)
    unittest.main(module="__main__", argv=[sys.argv[0], "-v", *rest])
