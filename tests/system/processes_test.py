#!/usr/bin/env python3
"""The real processes end to end: `ume train` with coordinator, two rollout
workers, reward service and two MPI ranks, on a few text pairs and a randomly
initialised model. Every role is killed once at a named stage, and the ledger
must equal the fault-free run's. Bad starts must end with their exit codes."""

import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from tiny_job import TinyJob  # noqa: E402

PROGRAMS = pathlib.Path()


class Processes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = TinyJob(PROGRAMS)
        cls.calm_config = cls.place.config("calm")
        cls.calm = cls.place.run("train", cls.calm_config)

    @classmethod
    def tearDownClass(cls):
        cls.place.remove()

    def weights(self, name):
        return (self.place.folder / name / "model" /
                "model.safetensors").read_bytes()

    def test_a_run_trains_and_leaves_a_model(self):
        self.assertEqual(self.calm.returncode, 0, self.calm.stderr)
        run = self.place.folder / "calm"
        self.assertTrue((run / "model" / "model.safetensors").is_file())
        self.assertTrue((run / "model" / "tokenizer.json").is_file())
        steps = self.place.steps("calm")
        self.assertEqual([(s["phase"], s["step"]) for s in steps],
                         [("sft", i) for i in range(4)] +
                         [("grpo", i) for i in range(4)])

    def test_a_finished_run_has_nothing_to_do(self):
        again = self.place.run("train", self.calm_config, "--resume")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("nothing to do", again.stderr)

    def test_an_existing_run_directory_is_refused(self):
        again = self.place.run("train", self.calm_config)
        self.assertEqual(again.returncode, 78)
        self.assertIn("--resume", again.stderr)

    def test_an_unknown_key_names_line_and_nearest(self):
        path = pathlib.Path(self.place.config("typo"))
        path.write_text(path.read_text().replace("updates: 4", "updatse: 4"))
        result = self.place.run("train", str(path))
        self.assertEqual(result.returncode, 78)
        self.assertIn("updates", result.stderr)
        self.assertIn("typo.yaml:", result.stderr)

    def test_a_port_in_use_is_refused(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            result = self.place.run(
                "train", self.place.config("port"),
                f"coordinator.http_port={port}")
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn(str(port), result.stderr)

    def test_every_role_killed_once_changes_nothing(self):
        kills = ["rollout-0:sampled:3", "rollout-1:leased:5", "reward:scored:2",
                 "learner-1:update_done:2", "learner-0:published:4",
                 "learner-0:sft_step:3", "coordinator:result:20",
                 "coordinator:work_done:5"]
        result = self.place.run(
            "train", self.place.config("chaos"),
            "chaos.kill=[" + ", ".join(f'"{k}"' for k in kills) + "]",
            timeout=600)
        self.assertEqual(result.returncode, 0, result.stderr)
        done = {p.name for p in (self.place.folder / "chaos" / "chaos").iterdir()}
        self.assertEqual(len(done), len(kills), done)
        self.assertEqual(self.place.digest("chaos"), self.place.digest("calm"))
        self.assertEqual(self.weights("chaos"), self.weights("calm"))

    def test_an_interrupt_saves_a_checkpoint_and_resume_goes_on(self):
        config = self.place.config("interrupted")
        run = self.place.folder / "interrupted"
        process = subprocess.Popen(
            self.place.command("train", config, "run.name=interrupted"),
            stderr=subprocess.PIPE, text=True)
        metrics = run / "metrics.jsonl"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not (
                metrics.is_file() and metrics.stat().st_size > 0):
            time.sleep(0.05)
        second = self.place.run("train", config, "--resume")
        self.assertEqual(second.returncode, 78)
        self.assertIn("in use by process", second.stderr)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 130, messages)
        self.assertIn(f"ume train {config} run.name=interrupted --resume",
                      messages)
        resumed = self.place.run("train", config, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(self.place.digest("interrupted"),
                         self.place.digest("calm"))
        self.assertEqual(self.weights("interrupted"), self.weights("calm"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs.resolve()
    os.chdir(ROOT)
    unittest.main(argv=[sys.argv[0], "-v", *rest])
