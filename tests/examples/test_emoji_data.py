#!/usr/bin/env python3
"""The emoji example's data: formats, blocks, splits, determinism.

Builds the small set; the rules are the same for the full one.
"""

import collections
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "emoji"
sys.path.insert(0, str(EXAMPLE))

from builder import environment  # noqa: E402

environment.require_python()

from builder import facts, openmoji, options, splits, texts  # noqa: E402
from builder.blocks import sft_pairs  # noqa: E402
from builder.emoji_tasks import page_questions  # noqa: E402
from builder.evaluation import write_evaluation  # noqa: E402
from builder.noto import NotoFont, decode  # noqa: E402
from builder.world import World  # noqa: E402

Record = dict[str, Any]


def tearDownModule() -> None:
    if hasattr(BuiltData, "scratch"):
        BuiltData.scratch.cleanup()


def run_build(output: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE / "build.py"), "--small", "--output",
         str(output), *more], capture_output=True, text=True, check=False)


def read_lines(path: Path) -> list[Record]:
    return [json.loads(l) for l in path.read_text("utf-8").splitlines()]


def tree_hashes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(
        p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def media_of(side: Record) -> list[str]:
    image = side.get("image")
    return ([image] if image else []) + side.get("video", [])


def turns(side: Record) -> tuple[str, str]:
    human, gpt = side["conversations"]
    return human["value"], gpt["value"]


class BuiltData(unittest.TestCase):
    """Shares one small build, and what it was made from."""

    @classmethod
    def setUpClass(cls) -> None:
        if hasattr(BuiltData, "data"):
            return
        cls = BuiltData
        cls.scratch = tempfile.TemporaryDirectory()
        cls.data = Path(cls.scratch.name) / "data"
        done = run_build(cls.data)
        assert done.returncode == 0, done.stderr
        cls.message = done.stdout
        font = NotoFont()
        cls.countries = facts.countries(font)[:options.SMALL.max_countries]
        cls.combinations = splits.split_combinations(cls.countries)
        cls.emojis = splits.split_emojis(
            facts.emojis(font, options.SMALL.max_emojis))
        cls.base = read_lines(cls.data / "base.jsonl")
        cls.sft = read_lines(cls.data / "sft.jsonl")
        cls.clean = read_lines(cls.data / "sft_clean.jsonl")
        cls.rl = read_lines(cls.data / "rl.jsonl")

    def combination_of(self, text: str, image: str) -> str:
        """Key of the (country, relation) that a two-hop query asks for."""
        if image:
            return f"{image.split('/')[2]}-{text}"
        form, relation = re.fullmatch("country (.*) ([a-z]+)", text).groups()
        owner, = {c.code for c in self.countries if form in c.forms.values()}
        return f"{owner}-{relation}"

    def two_hop_keys(self, records: list[Record]) -> set[str]:
        keys = set()
        for r in records:
            if r["dataset_name"] == "two_hop":
                human = turns(r["qry"])[0].split("\n")[0]
                keys.add(self.combination_of(human.removeprefix("<image>"),
                                             r["qry"].get("image", "")))
        return keys


class BuilderTest(BuiltData):
    def test_two_builds_are_equal_byte_for_byte(self) -> None:
        other = Path(self.scratch.name) / "again"
        self.assertEqual(run_build(other).returncode, 0)
        self.assertEqual(tree_hashes(self.data), tree_hashes(other))

    def test_a_finished_folder_is_left_alone(self) -> None:
        before = (self.data / "stamp.json").stat().st_mtime_ns
        done = run_build(self.data)
        self.assertIn("up to date", done.stdout)
        self.assertEqual((self.data / "stamp.json").stat().st_mtime_ns, before)

    def test_a_folder_of_the_user_is_not_replaced(self) -> None:
        mine = Path(self.scratch.name) / "mine"
        mine.mkdir()
        (mine / "thesis.txt").write_text("years of work")
        done = run_build(mine)
        self.assertEqual(done.returncode, 78)
        self.assertIn(str(mine), done.stderr)
        self.assertTrue((mine / "thesis.txt").is_file())

    def test_a_missing_style_is_named_with_exit_code_69(self) -> None:
        nowhere = Path(self.scratch.name) / "nowhere"
        done = run_build(Path(self.scratch.name) / "new", "--style",
                         str(nowhere))
        self.assertEqual(done.returncode, 69)
        self.assertIn(openmoji.WHEEL, done.stderr)

    def test_a_folder_that_cannot_be_made_is_one_line_and_74(self) -> None:
        file = Path(self.scratch.name) / "file"
        file.write_text("no folder\n")
        done = run_build(file / "data")
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertIn(str(file), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_a_build_without_a_style_says_what_is_left_out(self) -> None:
        self.assertIn("left out", self.message)
        names = {r["dataset_name"] for r in self.sft}
        self.assertNotIn("style", names)

    def test_a_missing_package_is_named_with_exit_code_69(self) -> None:
        absent = {Path("/nonexistent/font.ttf"): "fonts-noto-color-emoji"}
        with mock.patch.object(environment, "_PACKAGE_OF_FILE", absent), \
                mock.patch("sys.stderr") as stderr, \
                self.assertRaises(SystemExit) as stop:
            environment.require_files(need_svg=False)
        self.assertEqual(stop.exception.code, 69)
        said = "".join(c.args[0] for c in stderr.write.call_args_list)
        self.assertIn("fonts-noto-color-emoji", said)


class FormatTest(BuiltData):
    def test_every_completion_keeps_the_strict_format(self) -> None:
        for record in self.sft + self.clean:
            for side in ("qry", "pos"):
                human, gpt = turns(record[side])
                self.assertRegex(gpt, f"^{texts.STRICT_FORMAT.pattern}$")
                self.assertTrue(human.endswith("\n<disc_emb>\n"), human)

    def test_the_media_mark_agrees_with_the_media(self) -> None:
        for record in self.sft + self.base:
            for side in (record["qry"], record["pos"]):
                mark = re.match("<image>|<video>|", turns(side)[0]).group()
                wanted = ("<image>" if "image" in side
                          else "<video>" if "video" in side else "")
                self.assertEqual(mark, wanted)
                for path in media_of(side):
                    self.assertTrue((self.data / path).is_file(), path)

    def test_base_lines_hold_no_token_of_the_embedding_stages(self) -> None:
        for record in self.base:
            for side in (record["qry"], record["pos"]):
                human, gpt = turns(side)
                self.assertNotRegex(human + gpt, "_emb>|think>|answer>")
                self.assertTrue(gpt.startswith(" "), gpt)

    def test_texts_survive_stripping(self) -> None:
        for record in self.rl:
            for text in (record["qry_text"], record["pos_text"]):
                self.assertEqual(text, text.strip())

    def test_counts_follow_the_options(self) -> None:
        small = options.SMALL
        self.assertEqual(len(self.base), 36 * small.base_blocks)
        self.assertEqual(len(self.sft), 32 * small.sft_blocks)
        self.assertEqual(len(self.rl), 16 * small.rl_blocks)

    def test_the_full_set_has_the_known_sizes(self) -> None:
        font = NotoFont()
        countries = facts.countries(font)
        cut = splits.split_combinations(countries)
        values = {(r, v) for c in countries for r, v in c.facts.items()}
        self.assertEqual(len(countries), 256)
        self.assertEqual({k: len(v) for k, v in cut.items()},
                         {"sft": 598, "rl": 239, "dev": 95, "test": 264})
        self.assertEqual(len(values), 696)
        split = splits.split_emojis(facts.emojis(font))
        self.assertEqual([len(split.train), len(split.dev), len(split.test)],
                         [304, 24, 56])

    def test_facts_are_those_of_cldr(self) -> None:
        austria, = [c for c in self.countries if c.code == "AT"]
        self.assertEqual(austria.facts, {
            "currency": "Euro", "language": "German",
            "region": "Western Europe", "code": "AUT", "city": "Vienna"})
        self.assertEqual(austria.forms, {
            "de": "Österreich", "fi": "Itävalta", "hu": "Ausztria"})
        self.assertEqual(austria.size, 69)

    def test_page_questions_know_counts_and_neighbours(self) -> None:
        # a b      a is twice on the page: how many is clear, beside is not.
        # c a
        a, b, c = (self.emojis.train[i] for i in range(3))
        found = {q.asked: (q.count, q.beside)
                 for q in page_questions((a, b, c, a))}
        self.assertEqual(found, {a: (2, None), b: (1, a), c: (1, a)})


class BlockTest(BuiltData):
    def test_targets_of_an_sft_block_are_all_different(self) -> None:
        for start in range(0, len(self.sft), 32):
            block = self.sft[start:start + 32]
            shown = {(turns(r["pos"])[0], *media_of(r["pos"])) for r in block}
            self.assertEqual(len(shown), 32)

    def test_three_quarters_of_a_block_are_about_countries(self) -> None:
        kinds = collections.Counter(r["dataset_name"] for r in self.sft[:32])
        self.assertEqual([kinds["country_name"], kinds["fact"],
                          kinds["two_hop"]], [5, 6, 13])

    def test_rl_blocks_hold_two_relations_and_different_targets(self) -> None:
        for start in range(0, len(self.rl), 16):
            block = self.rl[start:start + 16]
            relations = collections.Counter(
                r["pos_text"].split()[0] for r in block)
            self.assertEqual(sorted(relations.values()), [8, 8])
            self.assertEqual(len({r["pos_text"] for r in block}), 16)

    def test_clean_records_differ_in_hasty_traces_only(self) -> None:
        hasty, hops = 0, 0
        for mixed, clean in zip(self.sft, self.clean, strict=True):
            hops += mixed["dataset_name"] == "two_hop"
            if mixed == clean:
                continue
            hasty += 1
            self.assertEqual(mixed["dataset_name"], "two_hop")
            self.assertEqual(mixed["pos"], clean["pos"])
            relation = turns(mixed["pos"])[0].split()[0]
            self.assertIn(f"<think> {relation} </think>",
                          turns(mixed["qry"])[1])
            answer = turns(clean["qry"])[1]
            fact, value = re.fullmatch(
                "<think> (.*) </think><answer> (.*)<gen_emb>", answer).groups()
            self.assertTrue(fact.endswith(f" {relation} {value}"), fact)
        self.assertAlmostEqual(hasty / hops, 0.5, delta=0.15)


class SplitTest(BuiltData):
    def held_out(self) -> list[facts.Emoji]:
        return self.emojis.dev + self.emojis.test

    def test_two_hop_queries_stay_in_their_split(self) -> None:
        allowed = {name: {c.key for c in part}
                   for name, part in self.combinations.items()}
        self.assertLessEqual(self.two_hop_keys(self.sft), allowed["sft"])
        asked = {self.combination_of(r["qry_text"], r["qry_image"])
                 for r in self.rl}
        self.assertLessEqual(asked, allowed["rl"])
        for split in ("dev", "test"):
            rows = read_lines(self.data / f"eval/{split}/two_hop_queries.jsonl")
            self.assertEqual({r["cluster"] for r in rows}, allowed[split])

    def test_base_lines_take_no_second_hop(self) -> None:
        foreign = {f for c in self.countries for f in c.forms.values()}
        for record in self.base:
            for side in (record["qry"], record["pos"]):
                human, _ = turns(side)
                form, task = re.fullmatch(
                    "(?:country |word |<image>|<video>)(.*?) ?([a-z]+)",
                    human).groups()
                if form in foreign or "<image>images/flag" in human:
                    self.assertEqual(task, "name")

    def test_no_picture_of_a_held_out_code_point_is_trained_on(self) -> None:
        codes = {e.code for e in self.held_out()}
        for record in self.base + self.sft:
            for side in (record["qry"], record["pos"]):
                self.assertFalse(codes & {p.split("/")[2]
                                          for p in media_of(side)})

    def test_no_name_of_a_held_out_code_point_is_trained_on(self) -> None:
        names = {n for e in self.held_out()
                 for n in (e.name, *e.forms.values())}
        for record in self.base + self.sft:
            for side in (record["qry"], record["pos"]):
                for value in turns(side):
                    said = re.split(r"<[^>]*>|\n|, ", value)
                    bare = {re.sub(r"^(word|name|clip|count|beside|page) "
                                   r"| (name|picture)$", "", s.strip())
                            for s in said}
                    self.assertFalse(bare & names, value)

    def test_pictures_of_the_evaluation_are_never_trained_on(self) -> None:
        trained = {p for r in self.base + self.sft + self.clean
                   for s in ("qry", "pos") for p in media_of(r[s])}
        trained |= {r["qry_image"] for r in self.rl}
        hashes = tree_hashes(self.data)
        seen = {hashes[p] for p in trained if p}
        for file in self.data.glob("eval/*/*.jsonl"):
            for row in read_lines(file):
                for media in row.get("query_image", []) + row["cand_image"]:
                    for path in media["paths"] if media else []:
                        self.assertNotIn(path, trained)
                        self.assertNotIn(hashes[path], seen)

    def test_the_second_style_follows_the_same_split(self) -> None:
        drawn = {e.code: decode(e.png).rotate(90) for e in self.emojis.all()}
        with mock.patch.object(openmoji, "drawings", lambda *_: drawn):
            root = Path(self.scratch.name) / "styled"
            world = World(root, Path("any"), options.SMALL)
            pairs = [m for m, _ in sft_pairs(world) if m.task == "style"]
            write_evaluation(root, world)
        trained = {p.target.content.image.split("/")[2] for p in pairs}
        self.assertTrue(trained)
        self.assertLessEqual(trained, {e.code for e in self.emojis.train})
        rows = read_lines(root / "eval/test/style_queries.jsonl")
        self.assertEqual({r["cluster"] for r in rows},
                         {e.code for e in self.emojis.test})


class EvaluationTest(BuiltData):
    def test_every_label_is_one_candidate_of_its_pool(self) -> None:
        listing = json.loads((self.data / "eval/tasks.json").read_text())
        self.assertEqual(len([t for t in listing["tasks"] if t["primary"]]), 2)
        for task in listing["tasks"]:
            queries = read_lines(self.data / "eval" / task["queries"])
            pool = read_lines(self.data / "eval" / task["candidates"])
            names = [c["dataset_infos"]["cand_name"] for c in pool]
            self.assertEqual(len(queries), task["num_queries"])
            self.assertEqual(len(names), len(set(names)))
            self.assertAlmostEqual(task["chance"], 1 / len(names))
            for row in queries:
                self.assertEqual(names.count(
                    row["dataset_infos"]["label_name"]), 1, row["id"])

    def test_a_row_marks_its_media_in_the_text(self) -> None:
        rows = read_lines(self.data / "eval/test/two_hop_queries.jsonl")
        for row in rows:
            flag = row["form"] == "flag"
            self.assertEqual(row["query_image"] != [None], flag)
            self.assertEqual(
                row["query_text"][0].startswith("<|image_pad|> "), flag)


if __name__ == "__main__":
    unittest.main()
