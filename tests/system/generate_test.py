#!/usr/bin/env python3
"""`ume generate` through the real binaries: greedy answers and log-probs equal
the reference's, samples depend on seed and record alone."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402
from fixture_files import CASES, MODELS, PARITY, Case, Tensors, records  # noqa: E402

MODEL = PARITY / MODELS[0]


def never_drawn(model):
    """Whether an id is one that only a prompt may hold, or that no token of
    the tokenizer names."""
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    added = {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
    size = max([*added.values(), *tokenizer["model"]["vocab"].values()]) + 1
    masked = {added[f"<|{name}|>"] for name in (
        "vision_start", "vision_end", "vision_pad", "image_pad", "video_pad")
        if f"<|{name}|>" in added}
    return lambda token: token >= size or token in masked


class Generate(CommandCase):
    command = ("generate",)

    def generate(self, rows, *options, model=MODEL, **settings):
        return self.lines("--model", model, "--input", self.write(rows),
                          *options, **settings)

    def test_greedy_answers_are_the_references(self):
        compared = 0
        for model in MODELS:
            never = never_drawn(PARITY / model)
            for case in [Case(model, name) for name in CASES]:
                out = self.generate(
                    records(case), "--temperature", "0", "--max-new-tokens",
                    "24", "--ignore-eos", "--logprobs", model=PARITY / model)
                for i, row in enumerate(out):
                    sample, = row["samples"]
                    expected = case.tensors.row("greedy_ids", i)
                    # The reference draws what we never do; from there on the
                    # two answer different questions.
                    end = next((at for at, x in enumerate(expected)
                                if never(x)), 24)
                    self.assertEqual(sample["ids"][:end], expected[:end],
                                     f"{model} {i}")
                    self.assertNear(
                        sample["logprobs"][:end],
                        case.tensors.row("greedy_logprobs", i)[:end], 1e-3)
                    self.assertEqual(len(sample["ids"]), 24)
                    self.assertEqual(sample["finish"], "length")
                    compared += end
        # Of 3 models x 8 rows x 24 tokens.
        self.assertGreater(compared, 450)

    def test_the_same_seed_gives_the_same_samples_whatever_the_batch(self):
        rows = records(Case(MODELS[0], "mixed_left"), "mixed ")
        rows += [{"id": i, "text": "word " * i} for i in range(4)]
        options = ("--n", "3", "--max-new-tokens", "12", "--seed", "5")
        first = self.generate(rows, *options)
        self.assertEqual([r["id"] for r in first], [r["id"] for r in rows])
        for batch in ("1", "700"):
            again = self.generate(rows, *options, "--batch-tokens", batch)
            for a, b in zip(first, again):
                self.assertEqual([s["ids"] for s in a["samples"]],
                                 [s["ids"] for s in b["samples"]])
        self.assertEqual(first, self.generate(rows, *options))
        samples = [tuple(s["ids"]) for s in first[0]["samples"]]
        self.assertEqual(len(set(samples)), 3)
        other = self.generate(rows, *options[:-1], "6")
        self.assertNotEqual(samples, [tuple(s["ids"])
                                      for s in other[0]["samples"]])

    def test_a_skipped_record_does_not_change_the_others_samples(self):
        rows = [{"id": i, "text": f"word {i}"} for i in range(3)]
        options = ("--max-new-tokens", "8")
        whole = self.generate(rows, *options)
        rows[1] = {"id": 1, "text": None, "images": ["none.png"]}
        rest = self.generate(rows, *options, "--on-error", "skip")
        self.assertEqual(rest, [whole[0], whole[2]])

    def test_logprobs_are_of_the_full_softmax_whatever_the_filter(self):
        rows = [{"id": 1, "text": "a flag"}]
        options = ("--max-new-tokens", "8", "--ignore-eos", "--logprobs")
        greedy = self.generate(rows, *options, "--temperature", "0")
        filtered = self.generate(rows, *options, "--top-k", "1",
                                 "--temperature", "3")
        tiny = self.generate(rows, *options, "--top-p", "1e-9")
        self.assertEqual(greedy, filtered)
        self.assertEqual(greedy, tiny)
        # A single token is left, so a filtered softmax would give 0.
        self.assertLess(max(greedy[0]["samples"][0]["logprobs"]), -0.01)

    def test_an_answer_has_its_fields_and_logprobs_where_wanted(self):
        rows = [{"id": "a", "text": "a flag"}]
        sample = self.generate(rows, "--max-new-tokens", "2")[0]["samples"][0]
        self.assertEqual(sorted(sample), ["completion", "finish",
                                          "gen_embedding", "ids"])
        with_logprobs = self.generate(rows, "--max-new-tokens", "2",
                                      "--logprobs")[0]["samples"][0]
        self.assertEqual(len(with_logprobs["logprobs"]),
                         len(with_logprobs["ids"]))

    def test_tensors_hold_the_same_as_the_lines(self):
        rows = [{"id": i, "text": f"word {i}"} for i in range(3)]
        options = ("--n", "2", "--max-new-tokens", "5", "--logprobs")
        out = self.generate(rows, *options)
        path = self.folder / "out.safetensors"
        self.generate(rows, *options, "--output", path)
        tensors = Tensors(path)
        lines = [json.loads(line) for line in
                 bytes(tensors.values["records"]).splitlines()]
        self.assertEqual([x["id"] for x in lines], [0, 1, 2])
        for r, row in enumerate(out):
            for s, sample in enumerate(row["samples"]):
                at = 2 * r + s
                self.assertEqual(tensors.items("ids", at), sample["ids"])
                self.assertNear(tensors.items("logprobs", at),
                                sample["logprobs"], 1e-6)
                self.assertEqual(lines[r]["samples"][s]["completion"],
                                 sample["completion"])

    def test_without_records_the_tensors_keep_their_shapes(self):
        path = self.folder / "out.safetensors"
        self.generate([], "--logprobs", "--output", path)
        self.assertEqual(Tensors(path).shapes, {
            "gen_embedding": [0, 64], "ids": [0], "ids_offsets": [1],
            "logprobs": [0], "logprobs_offsets": [1], "records": [0],
            "records_offsets": [1]})

    def test_wrong_usage_ends_with_2(self):
        for options in (["--n", "0"], ["--temperature", "-1"],
                        ["--temperature", "nan"], ["--top-p", "0"],
                        ["--top-p", "1.5"], ["--max-new-tokens", "0"],
                        ["--max-new-tokens", "131073"],
                        ["--max-new-tokens", "4294967296"],
                        ["--seed", "x"], ["--seed", "-1"],
                        ["--seed", "18446744073709551616"],
                        ["--temperature", "1e-40"], ["--top-k", "-1"],
                        ["--top-k", "2147483648"], ["--top-p", "nan"],
                        ["--batch-tokens", "99999999999999999999"]):
            self.generate([{"text": "a"}], *options, code=2)

    def test_the_smallest_temperature_and_the_largest_seed_are_taken(self):
        rows = [{"id": 1, "text": "a flag"}]
        short = ("--max-new-tokens", "4")
        cold, = self.generate(rows, *short, "--temperature", "1e-6", "--seed",
                              "18446744073709551615")
        greedy, = self.generate(rows, *short, "--temperature", "0")
        self.assertEqual(cold, greedy)


if __name__ == "__main__":
    main()
