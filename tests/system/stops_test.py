#!/usr/bin/env python3
"""How real runs stop: signals to `ume train`, through coreutils' `timeout` and
to every process of the run at once, a second SIGINT, kill -9. A stop leaves a
checkpoint or says that it has none, and --resume ends as the calm run."""

import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from run_case import RunCase, main  # noqa: E402

# So long that it is stopped on its way, with checkpoints at stops only.
ENDLESS = ("sft.steps=100000", "checkpoint.every_steps=0")


class Stops(RunCase):
    def newest_checkpoint(self, name, phase="sft"):
        """Its step; 0: there is none."""
        folder = self.place.folder / name / "checkpoints" / phase
        steps = [int(path.parent.name.removeprefix("step_"))
                 for path in folder.glob("step_*/manifest.json")]
        return max(steps, default=0)

    def check_nothing_is_lost(self, name):
        steps = [s for s in self.place.steps(name) if s["phase"] == "sft"]
        self.assertGreater(len(steps), 0)
        self.assertEqual(self.newest_checkpoint(name), len(steps))

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
        self.check_endpoints_in_the_way(config, "interrupted")
        self.resume(config, "interrupted")

    def check_endpoints_in_the_way(self, config, name):
        folder = self.place.folder / name / "endpoints.json"
        folder.unlink()
        (folder / "something").mkdir(parents=True)
        refused = self.place.run("train", config, "--resume")
        self.assertEqual(refused.returncode, 74, refused.stderr)
        self.assertIn(f"{folder}: cannot be removed", refused.stderr)
        (folder / "something").rmdir()
        folder.rmdir()

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

    def test_the_command_timeout_leaves_a_checkpoint(self):
        # It signals its child and then its child's group, which is the same.
        for sent, code in (("TERM", 75), ("INT", 130)):
            with self.subTest(sent):
                name = "timeout-" + sent
                result = subprocess.run(
                    ["timeout", "--preserve-status", "-s", sent, "12",
                     *self.place.command("train", self.place.config(name),
                                         *ENDLESS)],
                    text=True, capture_output=True, timeout=180)
                self.assertEqual(result.returncode, code, result.stderr)
                self.check_nothing_is_lost(name)

    def test_a_signal_to_every_process_leaves_a_checkpoint(self):
        # As systemd and Slurm send it; Slurm's SIGTERM follows its SIGUSR1.
        for signals, code in (((signal.SIGTERM,), 75), ((signal.SIGINT,), 130),
                              ((signal.SIGUSR1, signal.SIGTERM), 75)):
            name = "all-" + "-".join(s.name for s in signals)
            with self.subTest(name):
                config, process = self.start_first_step(
                    name, "checkpoint.every_steps=0")
                pids = self.processes_of(name)
                self.assertGreaterEqual(len(pids), 7)
                pids.sort(reverse=True)  # `ume train` itself comes last
                for sent in signals:
                    for pid in pids:
                        os.kill(pid, sent)
                _, messages = process.communicate(timeout=180)
                self.assertEqual(process.returncode, code, messages)
                self.assertNotIn("is started again", messages)
                self.assertIn(f"run.name={name} --resume", messages)
                self.check_nothing_is_lost(name)
                self.resume(config, name)

    def test_a_stop_without_a_checkpoint_says_what_is_lost(self):
        _, process = self.start_first_step("lossy", *ENDLESS)
        for pid in self.processes_of("lossy", "learner"):
            os.kill(pid, signal.SIGKILL)
        process.send_signal(signal.SIGTERM)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 143, messages)
        self.assertEqual(self.newest_checkpoint("lossy"), 0)
        self.assertRegex(messages, r"stopped without a checkpoint; [1-9]\d* "
                                   r"steps? since the last one")
        self.assertNotIn("go on with:", messages)

    def test_a_second_interrupt_leaves_at_once_and_resume_goes_on(self):
        config, process = self.start_first_step("hurried")
        # The checkpoint that the first one asks for does not come.
        for pid in self.ranks("hurried"):
            os.kill(pid, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)  # the same one, delivered twice
        time.sleep(0.6)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 143, messages)
        self.assertIn("left without a checkpoint", messages)
        self.resume(config, "hurried")

    def test_a_stop_outlives_the_coordinator_that_was_told(self):
        process = self.start("told")
        self.wait_for_step("told")
        process.send_signal(signal.SIGINT)
        events = self.place.folder / "told" / "events.jsonl"
        self.wait_for(lambda: '"stopping"' in events.read_text())
        os.kill(self.coordinator_pid("told"), signal.SIGKILL)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 130, messages)

    def test_a_stop_leaves_without_a_checkpoint_that_takes_too_long(self):
        process = self.start("hasty", "checkpoint.write_timeout_seconds=0.01")
        self.wait_for_step("hasty")
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=180)
        self.assertEqual(process.returncode, 143, messages)
        self.assertIn("checkpoint.write_timeout_seconds", messages)
        resumed = self.place.run("train", self.place.config("hasty"),
                                 "--resume",
                                 "checkpoint.write_timeout_seconds=600")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.check_equals_calm("hasty")

    def kill_whole_run(self, name, process):
        process.kill()
        process.communicate(timeout=60)
        deadline = time.monotonic() + 60
        while self.processes_of(name) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.processes_of(name), [])

    def test_a_killed_run_leaves_no_process_and_resume_goes_on(self):
        config, process = self.start_first_step("killed")
        roles = [p for p in self.processes_of("killed") if p != process.pid]
        self.assertGreaterEqual(len(roles), 5)
        self.kill_whole_run("killed", process)
        self.resume(config, "killed")

    def test_what_a_killed_run_left_in_memory_goes_with_the_next_start(self):
        shared = pathlib.Path(f"/dev/shm/ume-{os.geteuid()}")
        process = self.start("littering", "grpo.updates=1000")
        run_id = self.place.folder / "littering" / "run_id"
        self.wait_for(run_id.is_file)

        def weights():
            return list(shared.glob(run_id.read_text().strip() + "@*"))
        self.wait_for(weights)
        # In use: another run's start and end leave them alone.
        self.fail_to_start("beside")
        self.assertTrue(weights())
        self.kill_whole_run("littering", process)
        self.assertTrue(weights())
        self.fail_to_start("after")
        self.assertEqual(weights(), [])
        for name in ("littering", "after"):
            other = (self.place.folder / name / "run_id").read_text().strip()
            self.assertEqual(list(shared.glob(other + "*")), [])

    def fail_to_start(self, name):
        result = self.place.run(
            "train", self.place.config(name), "run.max_restarts=0",
            'chaos.kill=["coordinator:other"]')
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"{name}/logs/coordinator-0.log", result.stderr)


if __name__ == "__main__":
    main(__doc__)
