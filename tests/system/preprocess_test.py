#!/usr/bin/env python3
"""`ume preprocess` through the real binary: equal to the reference's ids, grids
and pixels, in the order of the input, whatever is wrong with other records."""

import json
import os
import pathlib
import resource
import shutil
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402
from fixture_files import CASES, MODELS, PARITY, Case, Tensors, records  # noqa: E402

MODEL = PARITY / MODELS[0]


def plain_png(width, height):
    """A black picture, small as a file."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))
    packer = zlib.compressobj(1)
    row = bytes(1 + 3 * width)
    pixels = [packer.compress(row) for _ in range(height)] + [packer.flush()]
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0,
                                         0))
            + chunk(b"IDAT", b"".join(pixels)) + chunk(b"IEND", b""))


class Preprocess(CommandCase):
    command = ("preprocess",)

    def preprocess(self, rows, *options, model=MODEL, code=0):
        return self.lines("--model", model, "--input", self.write(rows),
                          *options, code=code)

    def test_recorded_conversations_become_the_references_ids_and_pixels(self):
        output = self.folder / "out.safetensors"
        for model in MODELS:
            pixels = Tensors(PARITY / model / "cases_pixels.safetensors")
            for case in [Case(model, name) for name in CASES]:
                rows = records(case)
                out = self.preprocess(rows, model=PARITY / model)
                self.preprocess(rows, "--output", output,
                                model=PARITY / model)
                tensors = Tensors(output)
                patches = []
                for i, row in enumerate(case.rows):
                    self.assertEqual(out[i]["id"], str(i))
                    self.assertEqual(out[i]["ids"], case.prompt_ids(i))
                    self.assertEqual(tensors.items("ids", i), out[i]["ids"])
                    spans = out[i]["spans"]
                    self.assertEqual(
                        [s["grid"] for s in spans],
                        row["image_grids"] + row["video_grids"])
                    seconds = [s["seconds_per_grid"] for s in spans
                               if s["kind"] == "video"]
                    self.assertEqual([round(s, 6) for s in seconds],
                                     [round(s, 6) for s in
                                      row["second_per_grid_ts"]])
                    patches.append(tensors.items("patches", i))
                    names = row["images"] + [v[0] for v in row["videos"]]
                    self.assertEqual(
                        patches[-1],
                        [x for n in names for x in pixels.values[n]])
                lines = bytes(tensors.values["records"]).splitlines()
                self.assertEqual([json.loads(x)["digest"] for x in lines],
                                 [x["digest"] for x in out])

    def test_paths_start_from_the_records_folder(self):
        picture = (MODEL / "media" / "img_00.png").read_bytes()
        (self.folder / "a.png").write_bytes(picture)
        out = self.preprocess([{"id": 1, "text": "t", "images": ["a.png"]}])
        self.assertEqual(len(out[0]["spans"]), 1)

    def test_a_bad_record_is_named_with_its_line_and_ends_with_65(self):
        out = self.preprocess([{"text": "a"}, {"text": "b", "images": "none"}],
                              code=65)
        self.assertEqual(len(out), 1)
        self.assertIn("records.jsonl, line 2:", self.errors)
        self.assertIn("'none'", self.errors)

    def test_skipping_loses_the_bad_records_only(self):
        bad = ["{", {"text": 1}, {"id": [], "text": "x"}, "",
               {"text": "x", "images": ["none.png"]},
               {"text": "x", "images": ["records.jsonl"]}]
        good = [{"id": f"good {i}", "text": "x"} for i in range(len(bad) + 1)]
        rows = [row for pair in zip(good, bad) for row in pair] + good[-1:]
        out = self.preprocess(rows, "--on-error", "skip")
        self.assertEqual([row["id"] for row in out], [g["id"] for g in good])
        self.assertIn("5 bad records were skipped", self.errors)

    def test_a_picture_that_memory_does_not_suffice_for_costs_itself(self):
        (self.folder / "large.png").write_bytes(plain_png(9000, 7000))
        rows = [{"id": 1, "text": "a"},
                {"id": 2, "text": "b", "images": ["large.png"]},
                {"id": 3, "text": "c"}]
        # Libraries take 100 MB of addresses, the pixels 180.
        little = {"env": dict(os.environ, OPENBLAS_NUM_THREADS="1"),
                  "preexec_fn": lambda: resource.setrlimit(
                      resource.RLIMIT_AS, (250 << 20, 250 << 20))}
        options = ("--model", MODEL, "--input", self.write(rows))
        out = self.lines(*options, "--on-error", "skip", **little)
        self.assertEqual([row["id"] for row in out], [1, 3])
        out = self.lines(*options, code=1, **little)
        self.assertEqual([row["id"] for row in out], [1])
        self.assertIn("records.jsonl, line 2: not enough memory to prepare "
                      "its prompt", self.errors)

    def test_templates_and_settings_change_the_prompt(self):
        row = [{"text": "a flag"}]
        short = self.preprocess(row, "--template", "minimal")
        long = self.preprocess(row)
        blank = self.preprocess(row, "--set", "text_only_blank_image=image28")
        self.assertLess(len(short[0]["ids"]), len(long[0]["ids"]))
        self.assertEqual(len(blank[0]["spans"]), 1)
        self.preprocess(row, "--set", "no_such_key=1", code=78)
        self.preprocess(row, "--template", "none", code=78)
        self.assertIn("command line: template: expected evaluation",
                      self.errors)
        self.preprocess(row, "--set", "alpha=foo", code=78)
        self.assertIn("override 'alpha=foo': alpha: expected drop or white, "
                      "found 'foo'", self.errors)

    def test_progress_counts_to_the_end_on_stderr(self):
        self.preprocess([{"text": "a"}, {"text": "b"}, "", ""])
        self.assertIn("4/4 record  100%", self.errors)

    def test_without_records_the_tensors_keep_their_shapes(self):
        path = self.folder / "out.safetensors"
        self.preprocess([], "--output", path)
        self.assertEqual(Tensors(path).shapes, {
            "grids": [0, 3], "grids_offsets": [1], "ids": [0],
            "ids_offsets": [1], "patches": [0, 3 * 2 * 14 * 14],
            "patches_offsets": [1], "records": [0], "records_offsets": [1]})

    def test_what_a_terminal_would_obey_does_not_reach_it(self):
        row = {"text": "x", "images": ["/nope\x1b[2J\x07\nx.png"]}
        for choice, code in (("fail", 65), ("skip", 0)):
            self.preprocess([row], "--on-error", choice, code=code)
            self.assertIn("line 1: /nope?[2J??x.png: no such file",
                          self.errors)
            self.assertNotRegex(self.errors, "[\x1b\x07]")
        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        path = model / "tokenizer.json"
        tokenizer = json.loads(path.read_text())
        tokenizer["decoder"]["type"] = "\x1b[2Jx"
        path.write_text(json.dumps(tokenizer))
        self.preprocess([{"text": "x"}], model=model, code=65)
        self.assertIn("?[2Jx", self.errors)
        self.assertNotIn("\x1b", self.errors)

    def test_a_chat_template_that_is_refused_is_no_records_fault(self):
        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        (model / "chat_template.jinja").write_text("{% macro x() %}")
        rows = [{"id": 1, "text": "x"},
                {"id": 2, "messages": [{"role": "user", "content": "hi"}]}]
        out = self.preprocess(rows, "--on-error", "skip", model=model, code=65)
        self.assertEqual([row["id"] for row in out], [1])
        self.assertIn("line 2: ", self.errors)
        self.assertIn("chat_template.jinja", self.errors)

    def test_outputs_of_another_kind_are_wrong_usage(self):
        self.preprocess([], "--output", self.folder / "x.npy", code=2)
        self.preprocess([], "--output", "/none/x.safetensors", code=74)


if __name__ == "__main__":
    main()
