#!/usr/bin/env python3
"""The real processes end to end: `ume train` with coordinator, two rollout
workers, reward service and two MPI ranks, on a few text pairs and a randomly
initialised model. Every role is killed once at a named stage, and the ledger
must equal the fault-free run's. Bad starts must end with their exit codes."""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from tiny_job import TinyJob  # noqa: E402

PROGRAMS = pathlib.Path()


def flip_byte(path):
    """Damages a file; returns what was in it."""
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) +
                     whole[middle + 1:])
    return whole


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
        self.check_metrics("calm")

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

    def coordinator_pid(self, name):
        path = self.place.folder / name / "endpoints.json"
        self.wait_for(path.is_file)
        return json.loads(path.read_text())["pid"]

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
        self.check_equals_calm("chaos")

    def test_a_damaged_checkpoint_is_stepped_over(self):
        config = self.place.config("damaged")
        run = self.place.folder / "damaged"
        # Ends, without a restart, when two checkpoints of GRPO are there.
        stopped = self.place.run(
            "train", config, "checkpoint.every_steps=1", "run.max_restarts=0",
            'chaos.kill=["learner-0:update_done:3"]')
        self.assertNotEqual(stopped.returncode, 0, stopped.stderr)

        export = run / "checkpoints/sft/step_000004/model/model.safetensors"
        whole = flip_byte(export)
        refused = self.place.run("train", config, "--resume",
                                 "run.max_restarts=20")
        self.assertEqual(refused.returncode, 65, refused.stderr)
        self.assertIn("model.safetensors: damaged", refused.stderr)
        self.assertIn("put the folder back", refused.stderr)
        export.write_bytes(whole)

        flip_byte(run / "checkpoints/grpo/step_000002/optimizer.safetensors")
        resumed = self.place.run("train", config, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        for words in (resumed.stderr, (run / "events.jsonl").read_text()):
            self.assertIn("optimizer.safetensors: damaged", words)
            self.assertIn("goes on from checkpoints/grpo/step_000001", words)
        self.check_equals_calm("damaged")

    def test_a_coordinator_that_is_told_to_end_comes_back(self):
        process = self.start("ended")
        os.kill(self.coordinator_pid("ended"), signal.SIGTERM)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 0, messages)
        self.assertIn("coordinator died and is started again", messages)
        self.check_equals_calm("ended")

    def test_a_stop_outlives_the_coordinator_that_was_told(self):
        process = self.start("told")
        run = self.place.folder / "told"
        metrics = run / "metrics.jsonl"
        self.wait_for(lambda: metrics.is_file() and metrics.stat().st_size)
        process.send_signal(signal.SIGINT)
        self.wait_for(lambda: '"stopping"' in
                      (run / "events.jsonl").read_text())
        os.kill(self.coordinator_pid("told"), signal.SIGKILL)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 130, messages)

    def test_a_stop_leaves_without_a_checkpoint_that_takes_too_long(self):
        process = self.start("hasty", "checkpoint.write_timeout_seconds=0.01")
        metrics = self.place.folder / "hasty" / "metrics.jsonl"
        self.wait_for(lambda: metrics.is_file() and metrics.stat().st_size)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 143, messages)
        self.assertIn("checkpoint.write_timeout_seconds", messages)
        resumed = self.place.run("train", self.place.config("hasty"),
                                 "--resume",
                                 "checkpoint.write_timeout_seconds=600")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.check_equals_calm("hasty")

    def test_ranks_wait_for_a_checkpoint_as_long_as_they_are_told(self):
        result = self.place.run(
            "train", self.place.config("late"), "run.max_restarts=0",
            "checkpoint.write_timeout_seconds=0.000001")
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("the other learner ranks in", result.stderr)

    def test_a_role_that_hangs_is_killed_and_started_again(self):
        process = self.start(
            "hung", "coordinator.group_seconds=10",
            "coordinator.reward_seconds=10")
        self.coordinator_pid("hung")
        endpoints = json.loads(
            (self.place.folder / "hung" / "endpoints.json").read_text())

        def reward_pid():
            with urllib.request.urlopen(endpoints["http"] +
                                        "/api/status") as answer:
                roles = json.load(answer)["roles"]
            return next((r["pid"] for r in roles if r["role"] == "reward"), 0)
        os.kill(self.wait_for(reward_pid), signal.SIGSTOP)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 0, messages)
        self.assertIn("reward has not asked for work", messages)
        self.check_equals_calm("hung")

    def start_first_step(self, name):
        """`ume train` in the background, once its first step is recorded."""
        config = self.place.config(name)
        process = self.start(name, f"run.name={name}")
        metrics = self.place.folder / name / "metrics.jsonl"
        self.wait_for(lambda: metrics.is_file() and metrics.stat().st_size)
        return config, process

    def resume(self, config, name):
        """Goes on to the end, which must be that of the calm run."""
        resumed = self.place.run("train", config, "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.check_equals_calm(name)

    def fetch(self, name, path):
        endpoints = self.place.folder / name / "endpoints.json"
        url = json.loads(endpoints.read_text())["http"]
        with urllib.request.urlopen(url + path, timeout=10) as reply:
            return reply.read().decode()

    def test_an_interrupt_saves_a_checkpoint_and_resume_goes_on(self):
        config, process = self.start_first_step("interrupted")
        second = self.place.run("train", config, "--resume")
        self.assertEqual(second.returncode, 78)
        self.assertIn("in use by process", second.stderr)
        self.assertIn("<html", self.fetch("interrupted", "/"))
        self.assertIn("ok", self.fetch("interrupted", "/healthz"))
        self.assertIn("# TYPE ume_", self.fetch("interrupted", "/metrics"))
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 130, messages)
        self.assertIn(f"ume train {config} run.name=interrupted --resume",
                      messages)
        metrics = self.place.folder / "interrupted" / "metrics.jsonl"
        before = metrics.read_bytes()
        other = self.place.run("train", config, "--resume", "phases=[grpo]")
        self.assertEqual(other.returncode, 78, other.stderr)
        self.assertEqual(metrics.read_bytes(), before)
        self.resume(config, "interrupted")

    def test_other_signals_save_a_checkpoint_and_ask_to_be_run_again(self):
        for sent in (signal.SIGTERM, signal.SIGUSR1):
            with self.subTest(sent.name):
                name = "told-" + sent.name
                config, process = self.start_first_step(name)
                process.send_signal(sent)
                _, messages = process.communicate(timeout=180)
                self.assertEqual(process.returncode, 75, messages)
                self.assertIn(f"run.name={name} --resume", messages)
        self.resume(config, name)

    def test_a_second_signal_leaves_at_once_and_resume_goes_on(self):
        config, process = self.start_first_step("hurried")
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)  # or the two would count as one
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 143, messages)
        self.resume(config, "hurried")

    def test_a_killed_run_leaves_no_process_and_resume_goes_on(self):
        config, process = self.start_first_step("killed")
        roles = [p for p in self.processes_of("killed") if p != process.pid]
        self.assertGreaterEqual(len(roles), 5)
        process.kill()
        process.communicate(timeout=60)
        deadline = time.monotonic() + 60
        while self.processes_of("killed") and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.processes_of("killed"), [])
        self.resume(config, "killed")

    def processes_of(self, name):
        """Ids of the processes whose command line names the run's folder."""
        folder = str(self.place.folder / name).encode()
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if folder in path.read_bytes():
                    found.append(int(path.parent.name))
        return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs.resolve()
    os.chdir(ROOT)
    unittest.main(argv=[sys.argv[0], "-v", *rest])
