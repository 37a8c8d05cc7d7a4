#!/usr/bin/env python3
"""What tools/check_layers.py finds in small trees made for it."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import check_layers  # noqa: E402


class Layers(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def problems(self, files):
        root = pathlib.Path(self.scratch.name)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(check_layers.problems(root))

    def assert_one(self, files, *words):
        found = self.problems(files)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_folders_of_the_table_name_only_those_above(self):
        above = set()
        for folder, allowed in check_layers.ALLOWED.items():
            self.assertLessEqual(allowed, above, folder)
            above.add(folder)

    def test_what_is_allowed_is_no_problem(self):
        self.assertEqual([], self.problems({
            "common/CMakeLists.txt": "ume_library(common)\n"
                                     "ume_library(common_mpi DEPS common)\n",
            "data/CMakeLists.txt": "ume_library(data DEPS common LINK x)\n",
            "data/a/one.h": '#include "common/b/two.h"\n',
            "common/b/two.h": '#include "common/c/three.h"\n',
            "common/c/three.h": "#include <vector>\n"}))

    def test_a_target_counts_as_its_folder(self):
        self.assert_one({
            "data/CMakeLists.txt": "ume_library(data DEPS reward_plugin)\n",
            "reward/CMakeLists.txt": "ume_library(reward_plugin DEPS common)\n"
                                     "ume_library(reward DEPS reward_plugin)\n",
            "common/CMakeLists.txt": "ume_library(common)\n"},
            "data/CMakeLists.txt: data: DEPS reward_plugin is not allowed")

    def test_a_target_that_does_not_exist(self):
        self.assert_one(
            {"data/CMakeLists.txt": "ume_library(data DEPS commen)\n"},
            "DEPS commen is no ume_library")

    def test_an_include_against_the_order(self):
        self.assert_one({"common/x.cpp": '\n#include "data/y.h"\n'},
                        "common/x.cpp:2: includes data/y.h")

    def test_what_is_internal_to_another_folder(self):
        self.assert_one({"data/x.cpp": '#include "common/a/internal/y.h"\n'},
                        "internal to common/")

    def test_a_vendors_header_outside_its_wrapper(self):
        self.assert_one({"common/wire/x.cpp": "#include <sqlite3.h>\n"},
                        "common/wire/x.cpp:1: <sqlite3.h>")

    def test_libtorch_where_it_must_not_be_needed(self):
        self.assert_one({"reward/x.cpp": "#include <torch/types.h>\n"},
                        "without LibTorch")

    def test_subfolders_that_include_each_other(self):
        self.assert_one({
            "reward/a/one.h": '#include "reward/b/two.h"\n',
            "reward/b/two.h": "",
            "reward/b/deep/more.cpp": '\n#include "reward/c/three.h"\n',
            "reward/c/three.h": '#include "reward/a/one.h"\n'},
            "reward/: a, b, c include each other",
            "reward/b/deep/more.cpp:2 includes reward/c/three.h")

    def test_files_right_in_a_folder_may_use_and_be_used(self):
        self.assertEqual([], self.problems({
            "reward/config.h": '#include "reward/a/one.h"\n',
            "reward/a/one.h": '#include "reward/config.h"\n'}))


if __name__ == "__main__":
    unittest.main()
