#!/usr/bin/env python3
"""Two reward services of a real run, with a plug-in in its own process, while
the run's reward section is changed under them: first to nonsense,
when roles are killed and have to start all the same, then to another weight.
Every update must be scored by one policy."""

import argparse
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from tiny_job import TinyJob  # noqa: E402

PROGRAMS = pathlib.Path()
UPDATES = 40


def wait_for(what, check, seconds=240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited too long for " + what)


class RewardService(unittest.TestCase):
    def setUp(self):
        self.place = TinyJob(PROGRAMS)
        self.run_folder = self.place.folder / "reload"
        config = pathlib.Path(self.place.config("reload"))
        text = config.read_text()
        text = text.replace("phases: [sft, grpo]", "phases: [grpo]")
        text = text.replace("updates: 4", f"updates: {UPDATES}\n"
                            "  cohorts_per_update: 2")
        text = text.replace("every_steps: 2", "every_steps: 20")
        plugin = PROGRAMS.parent / "plugins" / "brevity.so"
        text += f"""
reward_service: {{workers: 2}}
reward:
  terms:
    - {{name: format, weight: 1}}
    - {{name: plugin, label: brief, weight: 0.5625, path: {plugin}}}
"""
        config.write_text(text)
        self.config = config

    def tearDown(self):
        self.place.remove()

    def events(self):
        path = self.run_folder / "events.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()
                if line.endswith("}")]

    def has_event(self, kind, part):
        return any(e["kind"] == kind and part in e["text"]
                   for e in self.events())

    def has_metrics(self):
        path = self.run_folder / "metrics.jsonl"
        return path.exists() and path.stat().st_size > 0

    def change_policy(self, old, new):
        path = self.run_folder / "config.yaml"
        text = path.read_text()
        self.assertIn(old, text)
        beside = path.with_suffix(".new")
        beside.write_text(text.replace(old, new))
        beside.rename(path)

    def processes(self, role):
        """Ids of the run's processes of a role."""
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if words[1:3] == ["role", role] and str(self.run_folder) in words:
                found.append(int(folder.name))
        return found

    def restart(self, role):
        victim = self.processes(role)[0]
        os.kill(victim, signal.SIGKILL)
        others = len(self.processes(role)) - 1
        wait_for(f"another {role}", lambda: victim not in self.processes(role)
                 and len(self.processes(role)) > others)

    def test_a_policy_is_changed_while_the_run_goes_on(self):
        run = subprocess.Popen(self.place.command("train", str(self.config)),
                               text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        try:
            wait_for("the first update", self.has_metrics)
            self.change_policy("weight: 0.5625", "weight: nonsense")
            wait_for("the refusal", lambda: self.has_event(
                "reward_service", "a new policy was refused"))
            self.restart("reward")
            self.restart("rollout")
            wait_for("a start with the old policy", lambda: self.has_event(
                "reward_service", "started with the policy that was accepted"))
            self.change_policy("weight: nonsense", "weight: 0.25")
            wait_for("the new policy", lambda: self.has_event(
                "reward_policy_changed", "from "))
            _, messages = run.communicate(timeout=400)
        finally:
            if run.poll() is None:
                run.send_signal(signal.SIGKILL)
        self.assertEqual(run.returncode, 0, messages)
        self.check_ledger()

    def check_ledger(self):
        ledger = sqlite3.connect(self.run_folder / "ledger.sqlite")
        policies = {}
        for (value,) in ledger.execute("select value from rewards"):
            row = json.loads(value)
            policies.setdefault(row["step"], set()).add(
                row["table"]["policy_hash"])
        ledger.close()
        self.assertEqual(len(policies), UPDATES)
        for step, hashes in policies.items():
            self.assertEqual(len(hashes), 1, f"update {step} mixes policies")
        in_order = [policies[step].pop() for step in sorted(policies)]
        changes = sum(a != b for a, b in zip(in_order, in_order[1:]))
        self.assertEqual(changes, 1, in_order)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs.resolve()
    os.chdir(ROOT)
    unittest.main(argv=[sys.argv[0], "-v", *rest])
