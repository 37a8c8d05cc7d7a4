#!/usr/bin/env python3
"""The format rule against Python's regular expressions: 100,000 random texts
through `ume reward`, the published rule and the strict one."""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

TAGS = ["<think>", "</think>", "<answer>", "</answer>", "<gen_emb>"]
PIECES = TAGS * 3 + ["a", " ", "\n", "\t", "\r", "<", ">", "</", "<think",
                     "think>", "gen_emb", "\\", "é", "😀", "\u2028", "\x0b",
                     "\x1c", "<THINK>", "<answer >", "<<think>>"]

# UME-R1's format_reward_embed; the dot matches newlines.
PUBLISHED = re.compile(
    r"<think>.*?</think>.*?\s*<answer>.*?\s*<gen_emb>", re.DOTALL)
BODY = "(?:(?!" + "|".join(TAGS) + ").)*"
STRICT = re.compile(f"<think>{BODY}</think><answer>{BODY}<gen_emb>", re.DOTALL)


def random_texts(count, seed):
    rng = random.Random(seed)
    good = ["<think>", "x", "</think>", "<answer>", "y", "<gen_emb>"]
    for _ in range(count):
        if rng.random() < 0.5:
            pieces = [rng.choice(PIECES) for _ in range(rng.randrange(12))]
        else:  # near a good one
            pieces = list(good)
            for _ in range(rng.randrange(4)):
                at = rng.randrange(len(pieces) + 1)
                pieces[at:at + rng.randrange(2)] = [rng.choice(PIECES)]
        yield "".join(pieces)


def scored(ume, folder, texts, strict):
    config = folder / "reward.yaml"
    config.write_text("reward: {terms: [{name: format, strict: %s}]}\n"
                      % json.dumps(strict))
    rows = folder / "rows.jsonl"
    with open(rows, "w", encoding="utf-8") as out:
        for i, text in enumerate(texts):
            # A cohort holds at most 65,536 trajectories.
            out.write(json.dumps({"cohort": i // 10_000, "pair": i,
                                  "side": "query", "sample": 0,
                                  "completion": text}) + "\n")
    run = subprocess.run([ume, "reward", "--config", config, "--input", rows],
                         capture_output=True, check=True)
    return [json.loads(line)["components"]["format"]
            for line in run.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ume", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=100_000)
    options = parser.parse_args()
    texts = list(random_texts(options.count, seed=20))
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, strict, matches in [
                ("published", False, lambda t: PUBLISHED.search(t)),
                ("strict", True, lambda t: STRICT.fullmatch(t))]:
            expected = [1.0 if matches(text) else 0.0 for text in texts]
            found = scored(options.ume, pathlib.Path(folder), texts, strict)
            assert len(found) == len(expected), (len(found), len(expected))
            differ = [i for i, pair in enumerate(zip(found, expected))
                      if pair[0] != pair[1]]
            print(f"{name}: {len(texts)} texts, {int(sum(expected))} match, "
                  f"{len(differ)} differ")
            for i in differ[:5]:
                print(f"  {texts[i]!r}: found {found[i]}, "
                      f"Python says {expected[i]}")
            wrong += len(differ)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
