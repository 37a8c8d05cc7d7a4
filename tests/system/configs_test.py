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
        """Each section, and the sections within it, in one form."""
        for override, wanted in (
                ("run.name=a/b", "1 to 64 letters, digits, '-' or '_', found "
                                 "'a/b'"),
                ("run.seed=-1", "0 or more, found -1"),
                ("model.path=", "a model folder, found nothing"),
                ("data.alpha=foo", "drop or white, found 'foo'"),
                ("data.cache_bytes=-1",
                 "0 to 1000000000000000, found -1"),
                ("data.media_child.memory_bytes=3",
                 "67108864 to 1000000000000000, found 3"),
                ("data.media_child.document_dpi=2.5",
                 "18 to 1200, found 2.5"),
                ("sft.steps=0", "1 to 1000000000, found 0"),
                ("sft.order=record", "file, batches or records, found "
                                     "'record'; did you mean 'records'?"),
                ("sft.optimizer.epsilon=0", "more than 0, found 0"),
                ("grpo.updates=0", "1 to 1000000000, found 0"),
                ("grpo.pairs_per_cohort=1",
                 "2 or more, as the other pairs are the negatives, found 1"),
                ("grpo.cohorts_per_update=0", "1 to 65536, found 0"),
                ("grpo.group_size=1",
                 "2 or more, as a group of one has no baseline, found 1"),
                ("grpo.optimizer.beta1=2", "a number in [0, 1), found 2"),
                ("rollout.sampling.max_new_tokens=0", "1 to 131072, found 0"),
                ("rollout.sampling.top_p=1.5", "a number in (0, 1], found 1.5"),
                ("reward.terms.0.weight=x", "a number, found 'x'"),
                ("reward.terms[0].ngram=2",
                 "with repetition only, found with format"),
                ("reward.control_seed=-1", "0 or more, found -1"),
                ("reward_service.workers=0", "1 to 1024, found 0"),
                ("learner.ranks=2000", "1 to 1024, found 2000"),
                ("checkpoint.keep=1",
                 "2 or more, as the newest one may turn out damaged, found 1"),
                ("coordinator.http_port=70000", "0 to 65535, found 70000"),
                ("coordinator.group_seconds=0.5",
                 "at least lease_seconds, found 0.5"),
                ("eval.samples=2000", "0 to 1024, found 2000"),
                ("eval.shard_timeout_seconds=0", "more than 0, found 0"),
                ("chaos.kill=[x]",
                 "ROLE:STAGE or ROLE:STAGE:N, found 'x'")):
            field = override.split("=")[0].replace(".0.", "[0].")
            with self.subTest(override):
                self.check(EMOJI, override, code=78)
                self.assertIn(f"override '{override}': {field}: expected "
                              f"{wanted}\n", self.errors)

    def test_an_element_of_a_list_is_named_with_its_number(self):
        for override, wanted in (
                ("phases=[sft,rl]", "phases[1]: expected sft, grpo or eval, "
                                    "found 'rl'"),
                ("phases=[eval,sft]", "phases[1]: expected the order sft, "
                                      "grpo, eval, each once, found 'sft'"),
                ("eval.stages=[bas]", "eval.stages[0]: expected base, sft or "
                                      "grpo, found 'bas'; did you mean "
                                      "'base'?")):
            with self.subTest(override):
                self.check(EMOJI, override, code=78)
                self.assertIn(f"override '{override}': {wanted}", self.errors)

    def test_a_value_that_cannot_be_meant_is_named_with_its_line(self):
        lines = EMOJI.read_text().splitlines()
        line = lines.index("    beta1: 0.9") + 1
        copy = self.folder / "emoji.yaml"
        copy.write_text("\n".join(
            "    beta1: 2" if number == line else text
            for number, text in enumerate(lines, 1)))
        self.check(copy, code=78)
        self.assertIn(f"emoji.yaml:{line}: sft.optimizer.beta1: expected a "
                      "number in [0, 1), found 2", self.errors)

    def test_numbers_that_would_overflow_or_be_cut_are_refused(self):
        """What a program's integers or the messages between them can hold."""
        for override, most in (
                ("rollout.sampling.top_k=4294967296", 2147483647),
                ("rollout.sampling.max_new_tokens=4294967297", 131072),
                ("eval.max_new_tokens=99999999999", 131072),
                ("eval.bootstrap_resamples=99999999999", 1000000),
                ("grpo.group_size=4611686018427387904", 4096),
                ("grpo.pairs_per_cohort=4611686018427387904", 65536),
                ("grpo.cohorts_per_update=4611686018427387904", 65536),
                ("grpo.updates=4611686018427387904", 1000000000),
                ("grpo.num_iterations=4611686018427387904", 65536),
                ("sft.steps=4611686018427387904", 1000000000),
                ("sft.batch_pairs=4611686018427387904", 65536),
                ("sft.accumulation=4611686018427387904", 65536),
                ("coordinator.max_attempts=4611686018427387904", 1000000),
                ("data.image_max_pixels=4611686018427387904", 1 << 40),
                ("data.max_picture_pixels=4294967296", 2147483647),
                ("data.max_file_bytes=4611686018427387904", 10 ** 15)):
            field, found = override.split("=")
            with self.subTest(override):
                self.check(EMOJI, override, code=78)
                self.assertRegex(self.errors, rf": {re.escape(field)}: "
                                 rf"expected \d+ to {most}, found {found}\n")
        for override, wanted in (
                ("coordinator.lease_seconds=1e300", "at most 1e+09"),
                ("coordinator.idle_pause_seconds=1e300", "at most 3600"),
                ("rollout.sampling.temperature=1e300",
                 "a number in (0, 1e+06]")):
            with self.subTest(override):
                self.check(EMOJI, override, code=78)
                self.assertIn(f"expected {wanted}, found", self.errors)

    def test_a_stage_whose_phase_is_left_out_is_no_fault(self):
        self.check(EMOJI, "phases=[sft,eval]", "eval.stages=[base,sft,grpo]")

    def test_an_evaluation_of_nothing_is_refused(self):
        for overrides, found in (
                (["eval.stages=[]"], "none"),
                (["phases=[grpo,eval]", "eval.stages=[sft]"],
                 "sft, which is no phase of this run"),
                (["phases=[eval]", "eval.stages=[sft,grpo]"],
                 "grpo, which is no phase of this run")):
            with self.subTest(overrides):
                self.check(EMOJI, *overrides, code=78)
                self.assertIn("eval.stages: expected base or a phase of the "
                              f"run, found {found}\n", self.errors)
        self.check(EMOJI, "phases=[sft]", "eval.stages=[]")  # not evaluated

    def test_the_recorded_reference_is_that_of_the_documentation(self):
        figure = json.loads(
            (ROOT / "examples" / "emoji" / "reference.json").read_text())
        row = (f"| SFT on careful traces alone | {figure['mean']:.3f} "
               f"[{figure['low']:.3f}, {figure['high']:.3f}] |")
        self.assertIn(row, (ROOT / "docs" / "example.md").read_text())


if __name__ == "__main__":
    main()
