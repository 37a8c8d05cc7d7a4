#!/usr/bin/env python3
"""A run's folder: who may begin in it, what is found before anything is made,
and with what a run goes on or not. A refused start or resume changes no file."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from run_case import RunCase, main  # noqa: E402

# One step of one rank.
SHORT = ("phases=[sft]", "sft.steps=1", "learner.ranks=1")


class RunFolder(RunCase):
    def refuse(self, code, config, *words):
        result = self.place.run("train", config, *words)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stderr

    def test_what_is_missing_is_named_by_its_key_and_nothing_is_made(self):
        config = self.place.config("nothing")
        for override, code in (("model.path=/nope", 74),
                               ("sft.data=/nope.jsonl", 65),
                               ("grpo.data=/nope.jsonl", 65),
                               ("grpo.pairs_per_cohort=64", 78)):
            with self.subTest(override):
                messages = self.refuse(code, config, override)
                if code != 78:
                    self.assertIn("ume: " + override.replace("=", ": "),
                                  messages)
                self.assertFalse((self.place.folder / "nothing").exists())

    def test_a_start_that_failed_makes_room_for_the_next_one(self):
        config = self.place.config("mended")
        run = self.place.folder / "mended"
        torn = self.place.folder / "torn"
        shutil.copytree(self.place.folder / "start", torn)
        os.truncate(torn / "model.safetensors", 1000)
        self.refuse(65, config, *SHORT, f"model.path={torn}")
        self.assertTrue((run / "logs" / "learner-0.log").is_file())
        self.assertIn(
            f"{config} differs from {run}/config.yaml, which counts "
            f"('model.path: {torn}' there, ",
            self.refuse(65, config, *SHORT, "--resume"))
        begun = self.place.run("train", config, *SHORT)
        self.assertEqual(begun.returncode, 0, begun.stderr)
        self.assertIn("--resume", self.refuse(78, config, *SHORT))

    def test_of_two_starts_at_once_one_gets_the_folder(self):
        command = self.place.command("train", self.place.config("twice"),
                                     *SHORT)
        both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
                for _ in range(2)]
        messages = [process.communicate(timeout=180)[1] for process in both]
        self.assertEqual(sorted(process.returncode for process in both),
                         [0, 78], messages)
        self.assertEqual([s["step"] for s in self.place.steps("twice")], [0])

    def copy_of_calm(self, name):
        """A run that has trained, and not finished."""
        run = self.place.folder / name
        shutil.copytree(self.place.folder / "calm", run)
        (run / "finished").unlink()
        return self.place.config(name), run

    def test_a_lost_ledger_is_not_begun_anew_over_checkpoints(self):
        config, run = self.copy_of_calm("lost")
        ledger = run / "ledger.sqlite"
        kept = [run / "config.yaml", run / "metrics.jsonl",
                run / "checkpoints/sft/step_000004/weights.safetensors"]
        before = [path.read_bytes() for path in kept]
        for state in ("missing", "empty"):
            with self.subTest(state):
                ledger.unlink(missing_ok=True)
                if state == "empty":
                    ledger.touch()
                self.assertIn(
                    f"ledger.sqlite is {state}, but checkpoints up to "
                    "checkpoints/grpo/step_000004 exist: put it back",
                    self.refuse(74, config, "--resume"))
                checked = self.place.run("ledger", "fsck", str(run))
                self.assertEqual(checked.returncode, 74, checked.stdout)
                self.assertIn(f"ledger.sqlite is {state}", checked.stderr)
                self.assertEqual(ledger.exists(), state == "empty")
                self.assertEqual([p.read_bytes() for p in kept], before)
        self.assertEqual(ledger.stat().st_size, 0)

    def test_a_journal_with_a_line_of_others_is_refused_by_name(self):
        config, run = self.copy_of_calm("written-in")
        with open(run / "metrics.jsonl", "a") as metrics:
            metrics.write('{"phase":3,"step":"x"}\n')
        self.assertIn("metrics.jsonl:9: expected a step",
                      self.refuse(65, config, "--resume"))

    def test_a_lost_export_is_named_with_what_to_do(self):
        config = self.place.config("exported")
        run = self.place.folder / "exported"
        # Ends, without a restart, when GRPO begins.
        stopped = self.place.run(
            "train", config, "sft.steps=1", "run.max_restarts=0",
            'chaos.kill=["learner-0:update_begun"]')
        self.assertNotEqual(stopped.returncode, 0, stopped.stderr)
        shutil.rmtree(run / "checkpoints/sft/step_000001/model")
        messages = self.refuse(65, config, "--resume",
                               "run.max_restarts=20")
        self.assertIn("sft/step_000001/model", messages)
        self.assertIn("put the folder back", messages)

    def test_the_last_phase_may_end_later_but_not_earlier(self):
        config = self.place.config("longer")
        run = self.place.folder / "longer"
        # Ends in the third update, with two checkpoints of GRPO.
        stopped = self.place.run(
            "train", config, "sft.steps=1", "checkpoint.every_steps=1",
            "run.max_restarts=0", 'chaos.kill=["learner-0:update_done:3"]')
        self.assertNotEqual(stopped.returncode, 0, stopped.stderr)
        kept = [run / name for name in ("config.yaml", "accepted_config.yaml",
                                        "metrics.jsonl", "events.jsonl")]
        before = [path.read_bytes() for path in kept]
        self.assertIn("grpo.updates: expected 3 or more",
                      self.refuse(78, config, "--resume", "grpo.updates=1"))
        self.assertEqual([path.read_bytes() for path in kept], before)
        longer = self.place.run("train", config, "--resume", "grpo.updates=6",
                                "run.max_restarts=20")
        self.assertEqual(longer.returncode, 0, longer.stderr)
        self.assertEqual([s["step"] for s in self.place.steps("longer")],
                         [0, 0, 1, 2, 3, 4, 5])
        for updates in (5, 8):
            self.assertIn("start another run",
                          self.refuse(78, config, "--resume",
                                      f"grpo.updates={updates}"))
        self.assertIn("nothing to do", self.refuse(0, config, "--resume",
                                                   "grpo.updates=6"))

    def test_a_killed_run_goes_on_at_once(self):
        """Its coordinator may take a moment to end."""
        config, process = self.start_first_step("again")
        process.kill()
        self.resume(config, "again")
        process.communicate(timeout=60)


if __name__ == "__main__":
    main(__doc__)
