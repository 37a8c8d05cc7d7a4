#!/usr/bin/env python3
"""`ume data validate|stats` and `ume doctor` through the real binary."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402
from fixture_files import ROOT  # noqa: E402

SPEC = ROOT / "tests" / "fixtures" / "spec_examples"


class Data(CommandCase):
    command = ("data",)

    def test_published_formats_are_valid_but_for_media_that_are_not_there(self):
        files = [SPEC / name for name in (
            "rl_train.json", "sft_train.json",
            "eval/ToyCls_queries.jsonl", "eval/ToyCls_candidates.jsonl",
            "eval/ToyVid_queries.jsonl")]
        out = self.lines("validate", *files, "--no-media", "--json")
        self.assertEqual([x["kind"] for x in out], [
            "pairs", "annotated_pairs", "evaluation_queries",
            "evaluation_candidates", "evaluation_queries"])
        self.assertTrue(all(x["bad_records"] == 0 for x in out))
        self.assertEqual([x["records"] for x in out[2:]], [3, 12, 1])
        self.assertEqual(out[4]["query"]["frames"], 4)
        text = self.call("validate", SPEC / "eval/ToyCls_queries.jsonl",
                         code=65)
        self.assertIn("ToyCls_queries.jsonl, line 1: "
                      "'image-tasks/toy/bird_0.jpg'", text)

    def test_problems_name_line_field_found_and_expected(self):
        path = self.write([
            {"qry_text": "a", "pos_text": "b"},
            {"qry_text": 3, "pos_text": "b"},
            "{",
            {"qry_text": "a", "pos_text": "b", "qry_image": {}}])
        text = self.call("validate", path, code=65)
        self.assertIn("line 2: qry_text: expected a text, found 3", text)
        self.assertIn("line 3: ", text)
        self.assertIn("line 4: qry_image: expected a path or a list", text)
        self.assertIn("records.jsonl: pairs, 4 records, 3 bad", text)
        self.assertIn("1 of 1 files have problems", self.errors)

    def test_what_a_terminal_would_obey_does_not_reach_it(self):
        picture = "a\x1b[2J\x07\n.png"
        text = self.call("validate", self.write([
            {"id": 1, "text": "x", "images": [picture]}]), code=65)
        self.assertIn("a?[2J??.png", text)
        self.assertNotRegex(text + self.errors, "[\x1b\x07]")

    def test_one_unreadable_file_does_not_hide_the_others(self):
        good = self.write([{"qry_text": "a", "pos_text": "b"}])
        out = self.lines("validate", self.folder / "none.jsonl", good,
                         "--json", code=65)
        self.assertIn("error", out[0])
        self.assertEqual(out[1]["records"], 1)

    def tasks(self, label, **infos):
        def row(side, text, infos):
            return {f"{side}_text": [text], f"{side}_image": [None],
                    "dataset_infos": infos}
        self.write([row("query", "q", {"label_name": label, **infos})],
                   "q.jsonl")
        self.write([row("cand", n, {"cand_name": n}) for n in "ab"], "c.jsonl")
        path = self.folder / "tasks.json"
        path.write_text(json.dumps({"tasks": [
            {"name": "t", "split": "test", "queries": "q.jsonl",
             "candidates": "c.jsonl"}]}))
        return path

    def test_a_label_that_is_no_candidate_is_a_problem_of_the_task(self):
        out = self.lines("validate", self.tasks("a"), "--json")
        self.assertEqual([x["kind"] for x in out],
                         ["evaluation_queries", "evaluation_candidates"])
        text = self.call("validate", self.tasks("z"), code=65)
        self.assertIn('q.jsonl, line 1: dataset_infos.label_name: expected a '
                      'name of', text)
        self.assertIn('found "z"', text)
        # Also where it is among the row's own: `ume eval run` refuses it.
        text = self.call("validate", self.tasks("z", cand_names=["z"]),
                         code=65)
        self.assertIn('found "z"', text)

    def test_a_list_is_read_with_all_its_files(self):
        self.write([{"qry_text": "a", "pos_text": "b"}], "one.jsonl")
        self.write([{"qry_text": "a"}], "two.jsonl")
        path = self.folder / "list.yaml"
        path.write_text("datasets:\n- json_path: one.jsonl\n"
                        "- json_path: two.jsonl\n")
        text = self.call("validate", path, code=65)
        self.assertIn("two.jsonl, line 1: pos_text: missing", text)
        self.assertIn("list.yaml: pairs, 2 records, 1 bad", text)

    def test_stats_count_sides_and_sources(self):
        path = self.write([
            {"qry_text": "four", "pos_text": "b", "dataset_name": "one"},
            {"qry_text": "four", "pos_text": "b", "dataset_name": "two"}])
        text = self.call("stats", path)
        self.assertIn("2 of text alone", text)
        self.assertIn("4.0 characters each", text)
        self.assertIn('1 from "two"', text)
        report, = self.lines("stats", path, "--json")
        self.assertEqual(report["sources"], {"one": 1, "two": 1})
        self.assertEqual(report["file"], str(path))


class Doctor(CommandCase):
    command = ("doctor",)

    def report(self, **settings):
        return json.loads(self.call("--json", **settings))

    def test_a_host_that_runs_the_tests_is_good(self):
        report = self.report()
        status = {c["name"]: c["status"] for c in report["checks"]}
        for name in ("ports", "Open MPI", "LibTorch", "shared memory"):
            self.assertEqual(status[name], "good", report)
        self.assertEqual(report["exit_code"], 0)
        self.assertIn("Open MPI", self.call())

    def test_what_is_missing_is_named_with_the_way_to_get_it(self):
        alone = self.folder / "ume"
        shutil.copy(self.programs / "ume", alone)
        nothing = dict(os.environ, PATH=str(self.folder))
        result = subprocess.run([alone, "doctor", "--json"], env=nothing,
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 78, result.stderr)
        checks = {c["name"]: c for c in json.loads(result.stdout)["checks"]}
        for name, advice in (("Open MPI", "openmpi-bin"),
                             ("LibTorch", "make build")):
            self.assertEqual(checks[name]["status"], "missing")
            self.assertIn(advice, checks[name]["advice"])


if __name__ == "__main__":
    main()
