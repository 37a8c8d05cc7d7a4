#!/usr/bin/env python3
"""The three rewards of one's own of docs/rewards.md, as a user starts them:
`cc` makes the plug-in, Python serves the external reward, a local server plays
the judge, and `ume reward` and `ume reward-explain` use them offline."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"  # Debian's, which has python3-zmq
PROGRAMS = pathlib.Path()


def record(pair, side, completion):
    return {"cohort": 1, "pair": pair, "side": side, "sample": 0,
            "completion": completion, "gen_embedding": [1.0, float(pair)],
            "prompt": {"text": f"what is {pair}?"}}


class RewardExamples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ume-rewards-"))
        self.input = self.folder / "trajectories.jsonl"
        with open(self.input, "w") as out:
            for pair in (0, 1):
                for side in ("query", "target"):
                    out.write(json.dumps(record(
                        pair, side, "four" if pair == 0 else "a b a b sixsix"
                    )) + "\n")
        self.services = []

    def tearDown(self):
        for service in self.services:
            service.kill()
            service.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve(self, *command):
        service = subprocess.Popen([PYTHON, *command], text=True,
                                   stdout=subprocess.PIPE)
        self.services.append(service)
        return service.stdout.readline().split()[-1]

    def ume(self, command, term, *arguments, code=0):
        config = self.folder / "reward.yaml"
        config.write_text("reward:\n  terms:\n    - " + term + "\n")
        result = subprocess.run(
            [PROGRAMS / "ume", command, "--config", config, "--input",
             self.input, *arguments], text=True, capture_output=True,
            timeout=120)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def rewards(self, term):
        lines = self.ume("reward", term).stdout.splitlines()
        return [json.loads(line)["reward"] for line in lines]

    def test_a_plugin_is_compiled_and_scores(self):
        library = self.folder / "brevity.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-I", "reward/plugin",
                        "examples/reward_plugin/brevity.c", "-o", library],
                       check=True)
        for isolation in ("process", "none"):
            self.assertEqual(self.rewards(
                f"{{name: plugin, path: {library}, isolation: {isolation},"
                " params: {free: '4', scale: '10'}}"), [1, 1, 0.5, 0.5])
        shown = self.ume("reward-explain",
                         f"{{name: plugin, path: {library}}}",
                         "--cohort", "1", "--pair", "0").stdout
        self.assertIn("said " + str(library), shown)
        missing = self.ume("reward", "{name: plugin, path: absent.so}", code=78)
        self.assertIn("absent.so", missing.stderr)

    def test_a_service_in_python_scores(self):
        endpoint = self.serve(
            "examples/reward_service_python/reward_service.py",
            "--endpoint=tcp://127.0.0.1:*")
        self.assertEqual(self.rewards(
            f"{{name: external, endpoint: '{endpoint}', version: diversity-1}}"
        ), [1, 1, 0.6, 0.6])

    def test_a_judge_scores_and_gets_the_prompt(self):
        port = self.serve("tests/reward/services/judge_server.py")
        self.assertEqual(self.rewards(
            f"{{name: judge, url: 'http://127.0.0.1:{port}/v1/ok', model: m,"
            " prompt: 'Question {prompt} Answer {completion}'}"),
            [0.25, 0.25, 0.75, 0.75])

    def test_a_service_that_is_away_fails_the_rewards_and_invents_none(self):
        for reward in self.rewards(
                "{name: external, endpoint: 'tcp://127.0.0.1:1',"
                " timeout_ms: 50, retries: 0}"):
            self.assertIn("did not answer", reward["failed"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS = options.programs.resolve()
    os.chdir(ROOT)
    unittest.main(argv=[sys.argv[0], "-v", *rest])
