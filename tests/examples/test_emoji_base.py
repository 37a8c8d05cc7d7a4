#!/usr/bin/env python3
"""The base model's settings: the family's tokenizer rules, sizes, ids."""

import json
import re
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "examples" / "emoji" / "base"
FAMILY = ROOT / "tests/fixtures/parity/model_a_qwen2vl_tied"


def load(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / name).read_text("utf-8"))


def num_parameters(c: dict[str, Any]) -> int:
    """Counted by hand from the family's layer shapes, head tied."""
    d, v = c["hidden_size"], c["vision_config"]
    head = d // c["num_attention_heads"]
    kv = head * c["num_key_value_heads"]
    attention = 2 * d * d + d + 2 * (d * kv + kv)
    layer = attention + 3 * d * c["intermediate_size"] + 2 * d
    language = c["vocab_size"] * d + c["num_hidden_layers"] * layer + d
    w = v["embed_dim"]
    hidden = w * v["mlp_ratio"]
    block = 4 * w * w + 4 * w + 2 * w * hidden + hidden + w + 4 * w
    patch = w * 3 * v["temporal_patch_size"] * v["patch_size"] ** 2
    joined = w * v["spatial_merge_size"] ** 2
    merger = 2 * w + joined * joined + joined + joined * d + d
    return language + patch + v["depth"] * block + merger


class SettingsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.tokenizer = load(BASE, "tokenizer.json")
        self.config = load(BASE, "config.json")
        self.ids = {t["content"]: t["id"]
                    for t in self.tokenizer["added_tokens"]}

    def test_the_tokenizer_follows_the_familys_rules(self) -> None:
        family = load(FAMILY, "tokenizer.json")
        for part in ("normalizer", "pre_tokenizer", "post_processor",
                     "decoder"):
            self.assertEqual(self.tokenizer[part], family[part])
        rules = [{k: t[k] for k in t if k != "id"}
                 for t in self.tokenizer["added_tokens"]]
        self.assertEqual(rules, [{k: t[k] for k in t if k != "id"}
                                 for t in family["added_tokens"]])
        self.assertEqual(load(BASE, "tokenizer_config.json")["chat_template"],
                         load(FAMILY, "tokenizer_config.json")["chat_template"])

    def test_each_merge_makes_the_next_token(self) -> None:
        model = self.tokenizer["model"]
        vocabulary, merges = model["vocab"], model["merges"]
        self.assertEqual(sorted(vocabulary.values()),
                         list(range(len(vocabulary))))
        for i, (left, right) in enumerate(merges):
            self.assertEqual(vocabulary[left + right], 256 + i)
            self.assertLess(max(vocabulary[left], vocabulary[right]), 256 + i)
        self.assertEqual(min(self.ids.values()), len(vocabulary))

    def test_the_words_of_the_format_are_single_tokens(self) -> None:
        vocabulary = self.tokenizer["model"]["vocab"]
        for word in ("<think", ">", "Ġ</", "think", "><", "answer",
                     "Ġcurrency", "Ġlanguage", "Ġregion", "Ġcode", "Ġcity",
                     "system", "user", "assistant", "Ġassistant", "country"):
            self.assertIn(word, vocabulary)

    def test_the_sizes_fit_together(self) -> None:
        c = self.config
        head = c["hidden_size"] // c["num_attention_heads"]
        self.assertEqual(sum(c["rope_scaling"]["mrope_section"]), head // 2)
        self.assertEqual(c["vision_config"]["hidden_size"], c["hidden_size"])
        self.assertEqual(c["vocab_size"], max(self.ids.values()) + 1)
        self.assertEqual(num_parameters(c), 1_920_256)

    def test_ids_agree_in_all_files(self) -> None:
        for field, token in (("eos_token_id", "<|im_end|>"),
                             ("image_token_id", "<|image_pad|>"),
                             ("video_token_id", "<|video_pad|>"),
                             ("vision_start_token_id", "<|vision_start|>"),
                             ("vision_end_token_id", "<|vision_end|>")):
            self.assertEqual(self.config[field], self.ids[token])
        generation = load(BASE, "generation_config.json")
        self.assertEqual(generation["pad_token_id"], self.ids["<|endoftext|>"])
        decoder = load(BASE, "tokenizer_config.json")["added_tokens_decoder"]
        self.assertEqual({t["content"]: int(i) for i, t in decoder.items()},
                         self.ids)

    def test_control_tokens_are_not_words(self) -> None:
        words = [t for t in self.tokenizer["model"]["vocab"]
                 if re.search("_emb|_pad|im_|<|>|[|]", t)]
        self.assertEqual(sorted(words),
                         ["<", "</", "<think", ">", "><", "|", "Ġ</"])


if __name__ == "__main__":
    unittest.main()
