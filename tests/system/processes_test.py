#!/usr/bin/env python3
"""The real processes end to end: `ume train` with coordinator, two rollout
workers, reward service and two MPI ranks, on a few text pairs and a randomly
initialised model. Every role is killed once at a named stage, and the ledger
must equal the fault-free run's. Bad starts must end with their exit codes."""

import json
import os
import pathlib
import signal
import socket
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from run_case import RunCase, main  # noqa: E402


def flip_byte(path):
    """Damages a file; returns what was in it."""
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) +
                     whole[middle + 1:])
    return whole


class Processes(RunCase):
    def test_a_run_trains_and_leaves_a_model(self):
        self.assertEqual(self.calm.returncode, 0, self.calm.stderr)
        run = self.place.folder / "calm"
        self.assertTrue((run / "model" / "model.safetensors").is_file())
        self.assertTrue((run / "model" / "tokenizer.json").is_file())
        self.check_metrics("calm")
        events = list((run / "tensorboard").glob("events.out.tfevents.*"))
        self.assertEqual(len(events), 1)

    def test_logs_have_time_level_and_process(self):
        logs = self.place.folder / "calm" / "logs"
        for name, process in (("coordinator-0", "coordinator"),
                              ("reward-0", "reward-0"),
                              ("rollout-1", "rollout-1"),
                              ("learner-0", "learner-1")):
            text = (logs / f"{name}.log").read_text()
            self.assertRegex(
                text, rf"(?m)^\d{{4}}-\d\d-\d\dT[\d:.]+Z info {process}: ")

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
        self.assertIn("was told to end by SIGTERM", messages)
        self.assertIn("coordinator died and is started again", messages)
        self.check_equals_calm("ended")

    def test_roles_that_are_told_to_end_one_by_one_come_back(self):
        name = "each"
        _, process = self.start_first_step(name, "sft.steps=300")
        told = (("reward", self.processes_of(name, "reward")[0]),
                ("rollout-1", self.processes_of(name, "rollout", "1")[0]),
                ("learner", self.ranks(name)[-1]))
        for _, pid in told:
            os.kill(pid, signal.SIGTERM)
        mpirun = self.processes_of(name, "mpirun")
        self.wait_for(lambda: self.processes_of(name, "mpirun") != mpirun)
        mpirun = self.wait_for(lambda: self.processes_of(name, "mpirun"))[0]
        os.kill(mpirun, signal.SIGTERM)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 0, messages)
        for role, pid in (*told, ("learner", mpirun)):
            self.assertIn(f"{role} (process {pid}) was told to end", messages)
            self.assertIn(f"{role} died and is started again", messages)

    def test_a_killed_rank_that_may_not_come_back_says_so(self):
        result = self.place.run(
            "train", self.place.config("spent"), "run.max_restarts=0",
            'chaos.kill=["learner-1:sft_step:2"]')
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr,
                         r"learner ended with .* and run.max_restarts is used "
                         r"up; last lines of its log .*/learner-0.log:\n  \S")

    def test_a_coordinator_that_hangs_is_killed_and_started_again(self):
        config = "coordinator.answer_seconds=3"
        _, process = self.start_first_step("silent", config)
        os.kill(self.coordinator_pid("silent"), signal.SIGSTOP)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 0, messages)
        self.assertIn("coordinator has not answered for 3 s", messages)
        # The others turn to the new one at once, and live.
        self.assertEqual(messages.count("is started again"), 1, messages)
        self.check_equals_calm("silent")

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


if __name__ == "__main__":
    main(__doc__)
