#!/usr/bin/env python3
"""Trains the example's byte-level BPE and writes the base model's settings.

  python3 examples/emoji/base_model/make_tokenizer.py \\
      --data examples/emoji/data --output examples/emoji/base

Only for remaking the base model: the files it writes are in the repository.
Needs `tokenizers` (wheels.lock); exit code 69 without it. The split rule, the
normalisation and the control tokens are the Qwen2-VL family's.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import settings

VOCABULARY = 2000  # with the control tokens
MIN_COUNT = 2
# What every conversation repeats (settings.CHAT_TEMPLATE).
CHAT_TEXTS = ("system\nYou are a helpful assistant.", "user\n", "assistant\n")
_MARKS = re.compile("<image>|<video>|<disc_emb>|<gen_emb>")


def conversation_texts(file: Path) -> Iterator[str]:
    """The plain text between control tokens, of every turn of every record."""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            for side in ("qry", "pos"):
                yield from CHAT_TEXTS
                for turn in record[side]["conversations"]:
                    yield from filter(None, _MARKS.split(turn["value"]))


def byte_alphabet() -> list[str]:
    """The printable stand-in of each byte, in the family's order of ids."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [b for b in range(256) if b not in kept]
    return [chr(b) for b in kept] + [chr(256 + i) for i in range(len(moved))]


def train_merges(texts: Iterator[str], count: int) -> list[list[str]]:
    """The `count` merges of a BPE over the family's split, best first."""
    from tokenizers import Regex, Tokenizer, models, normalizers
    from tokenizers import pre_tokenizers, trainers
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(settings.SPLIT_PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=256 + count, min_frequency=MIN_COUNT, show_progress=False,
        initial_alphabet=byte_alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [m.split(" ") if isinstance(m, str) else m for m in merges]


def tokenizer_json(merges: list[list[str]]) -> dict[str, Any]:
    """The hub's tokenizer.json: bytes, merges, then the control tokens."""
    tokens = byte_alphabet() + ["".join(merge) for merge in merges]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    assert len(vocabulary) == len(tokens), "two merges make the same token"
    byte_level = {"type": "ByteLevel", "add_prefix_space": False,
                  "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": settings.SPLIT_PATTERN},
             "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": settings.added_tokens(len(tokens)),
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence",
                          "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True,
                    "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False,
                  "ignore_merges": False, "vocab": vocabulary,
                  "merges": merges},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True,
                        help="folder that build.py wrote")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        import tokenizers  # noqa: F401, checked before minutes of work
    except ImportError:
        print("emoji: the Python package `tokenizers` is missing; pip install "
              "--no-deps --require-hashes -r "
              "examples/emoji/base_model/wheels.lock", file=sys.stderr)
        return 69
    files = [arguments.data / name for name in ("base.jsonl", "sft.jsonl")]
    texts = (text for file in files for text in conversation_texts(file))
    num_merges = VOCABULARY - 256 - len(settings.CONTROL_TOKENS)
    tokenizer = tokenizer_json(train_merges(texts, num_merges))
    settings.write_all(arguments.output, tokenizer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
