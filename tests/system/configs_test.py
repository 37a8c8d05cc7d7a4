#!/usr/bin/env python3
"""The configurations that come with the project, and those lines of the
documentation that a reader will type: `ume` takes them as they are. What a run
would refuse, `ume config check` refuses first."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
REWARDS = sorted((ROOT / "configs" / "rewards").glob("*.yaml"))
EMOJI = ROOT / "configs" / "emoji.yaml"


def sections(path):
    """The file's top-level sections as text, by name."""
    found, name = {}, None
    for line in path.read_text().splitlines(keepends=True):
        begins = re.match(r"(\w+):", line)
        name = begins.group(1) if begins else name
        if name and not line.startswith("#"):
            found[name] = found.get(name, "") + line
    return found


class Configs(CommandCase):
    def check(self, *arguments, **settings):
        return self.call("config", "check", *arguments, **settings)

    def test_every_configuration_can_be_run(self):
        self.assertGreaterEqual(len(CONFIGS), 5)
        for path in CONFIGS:
            with self.subTest(path.name):
                self.assertIn("ok", self.check(path))

    def test_every_reward_policy_scores_trajectories(self):
        rows = [{"cohort": 0, "pair": pair, "side": side, "sample": sample,
                 "completion": f"<think> a {pair} </think><answer> "
                               f"{pair}<gen_emb>",
                 "gen_embedding": [1.0, 0.1 * sample + pair],
                 "prompt_digest": f"{pair}{side}"}
                for pair in (0, 1) for side in ("query", "target")
                for sample in (0, 1)]
        self.assertGreaterEqual(len(REWARDS), 4)
        for path in REWARDS:
            with self.subTest(path.name):
                lines = self.lines("reward", "--config", path, "--input",
                                   self.write(rows))
                self.assertEqual(len(lines), len(rows))

    def test_every_reward_policy_can_take_the_place_of_the_examples(self):
        for path in REWARDS:
            policy = sections(path)
            overrides = ["grpo.advantage_scale=none"] if "grpo" in policy else []
            run = sections(EMOJI) | {"reward": policy["reward"]}
            copy = self.folder / path.name
            copy.write_text("".join(run.values()))
            with self.subTest(path.name):
                self.check(copy, *overrides)

    def test_the_documentations_overrides_are_taken(self):
        text = (ROOT / "docs" / "configuration.md").read_text()
        part = text[text.index("## Overrides on the command line"):]
        overrides = re.findall(r"^    (\S+=\S*)", part, re.MULTILINE)
        self.assertGreaterEqual(len(overrides), 5)
        for override in overrides:
            with self.subTest(override):
                self.check(EMOJI, override)
        self.check(EMOJI, *overrides)

    def test_what_a_run_would_refuse_is_refused_before_it(self):
        for override, wanted in (
                ("sft.steps=0", "sft.steps"), ("grpo.updates=0", "grpo.updates"),
                ("grpo.pairs_per_cohort=1", "negatives"),
                ("grpo.cohorts_per_update=0", "grpo.cohorts_per_update"),
                ("grpo.group_size=1", "grpo.group_size"),
                ("rollout.sampling.max_new_tokens=0", "max_new_tokens"),
                ("eval.shard_timeout_seconds=0", "shard_timeout_seconds")):
            with self.subTest(override):
                self.check(EMOJI, override, code=78)
                self.assertIn(wanted, self.errors)

    def test_the_recorded_reference_is_that_of_the_documentation(self):
        figure = json.loads(
            (ROOT / "examples" / "emoji" / "reference.json").read_text())
        row = (f"| SFT on careful traces alone | {figure['mean']:.3f} "
               f"[{figure['low']:.3f}, {figure['high']:.3f}] |")
        self.assertIn(row, (ROOT / "docs" / "example.md").read_text())


if __name__ == "__main__":
    main()
