#!/usr/bin/env python3
"""`ume embed` through the real binaries: equal to the reference's hidden
states, in the order of the input, whatever shares a batch and whatever is wrong
with other records."""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from command_case import CommandCase, main  # noqa: E402
from fixture_files import MODELS, PARITY, ROOT, Case, Tensors, records  # noqa: E402

MODEL = PARITY / MODELS[0]
EMOJI = ROOT / "examples" / "emoji"
# Of unit vectors; the hidden states themselves may differ by 2e-4.
TOLERANCE = 2e-4


class Embed(CommandCase):
    command = ("embed",)

    def embed(self, rows, *options, model=MODEL, **settings):
        return self.lines("--model", model, "--input", self.write(rows),
                          *options, **settings)

    def mixed_records(self):
        rows = records(Case(MODELS[0], "mixed_left"), "mixed ")
        rows += [{"id": i, "text": "word " * i} for i in range(5)]
        rows += [{"id": None, "text": "flag", "images": [
            str(MODEL / "media" / "img_01.png")]}]
        return rows

    def test_the_discriminative_embedding_is_the_references_state(self):
        compared = 0
        for model in MODELS:
            for case in [Case(model, c) for c in ("image_single", "video")]:
                rows = records(case)
                out = self.embed(rows, "--mode", "disc",
                                 model=PARITY / model)
                ids = self.token("<disc_emb>", PARITY / model)
                for i, _ in enumerate(rows):
                    prompt = case.prompt_ids(i)
                    at = max(p for p, x in enumerate(prompt) if x == ids)
                    self.assertNear(out[i]["disc_embedding"],
                                    case.state(i, at), TOLERANCE)
                    compared += 1
        self.assertEqual(compared, 6)

    def token(self, text, model):
        tokenizer = json.loads((model / "tokenizer.json").read_text())
        return next(t["id"] for t in tokenizer["added_tokens"]
                    if t["content"] == text)

    def test_each_mode_writes_its_own_fields(self):
        rows = [{"id": 1, "text": "a flag"}]
        short = ("--max-new-tokens", "4")
        both = self.embed(rows, *short)[0]
        self.assertEqual(list(both), ["id", "disc_embedding", "gen_embedding",
                                      "completion"])
        disc = self.embed(rows, "--mode", "disc")[0]
        self.assertEqual(disc, {"id": 1,
                                "disc_embedding": both["disc_embedding"]})
        gen = self.embed(rows, "--mode", "gen", *short)[0]
        del both["disc_embedding"]
        self.assertEqual(gen, both)

    def test_a_conversation_without_disc_emb_has_no_embedding_and_says_so(self):
        rows = [{"id": 1, "messages": [{"role": "user", "content": "hi"}]}]
        self.assertIsNone(self.embed(rows, "--mode", "disc")
                          [0]["disc_embedding"])
        self.assertIn("<disc_emb>", self.errors)

    def test_results_do_not_depend_on_what_shares_a_batch(self):
        rows = self.mixed_records()
        options = ("--max-new-tokens", "6")
        together = self.embed(rows, *options)
        alone = self.embed(rows, *options, "--batch-tokens", "1")
        middle = self.embed(rows, *options, "--batch-tokens", "200")
        self.assertEqual([r["id"] for r in together], [r["id"] for r in rows])
        for other in (alone, middle):
            for a, b in zip(together, other):
                self.assertEqual(a["id"], b["id"])
                self.assertEqual(a["completion"], b["completion"])
                self.assertEqual(a["disc_embedding"] is None,
                                 b["disc_embedding"] is None)
                if a["disc_embedding"] is not None:
                    self.assertNear(a["disc_embedding"], b["disc_embedding"],
                                    1e-5)

    def test_skipping_loses_the_bad_records_only(self):
        good = self.mixed_records()
        bad = ["{", {"text": 1}, {"text": "x", "images": ["none.png"]},
               {"text": "x", "images": ["records.jsonl"]},
               {"messages": [{"role": "poet", "content": "x"}]}]
        rows = [row for pair in zip(good, bad) for row in pair]
        rows += good[len(bad):]
        out = self.embed(rows, "--mode", "disc", "--on-error", "skip")
        self.assertEqual([r["id"] for r in out], [r["id"] for r in good])
        self.assertIn("5 bad records were skipped", self.errors)
        for line in (2, 4, 6, 8, 10):
            self.assertIn(f"records.jsonl, line {line}:", self.errors)

    def test_a_bad_record_is_named_with_its_line_and_ends_with_65(self):
        rows = [{"id": 1, "text": "a"}, {"id": 2}, {"id": 3, "text": "b"}]
        out = self.embed(rows, "--mode", "disc", code=65)
        self.assertEqual([r["id"] for r in out], [1])
        self.assertIn("records.jsonl, line 2: text: missing", self.errors)

    def test_a_prompt_beyond_the_models_positions_is_refused_by_line(self):
        rows = [{"id": 1, "text": "a flag"},
                {"id": 2, "text": "a word " * 3000},
                {"id": 3, "text": "the sun"}]
        options = ("--template", "minimal", "--mode", "disc")
        out = self.embed(rows, *options, "--on-error", "skip",
                         model=EMOJI / "base")
        self.assertEqual([r["id"] for r in out], [1, 3])
        out = self.embed(rows, *options, model=EMOJI / "base", code=65)
        self.assertEqual([r["id"] for r in out], [1])
        self.assertRegex(self.errors,
                         r"records.jsonl, line 2: the prompt has \d{4,} "
                         "tokens; expected at most 1024, the model's "
                         "max_position_embeddings")

    def test_results_before_a_missing_program_are_kept(self):
        programs = self.folder / "bin"
        programs.mkdir()
        for name in ("ume", "ume-engine"):
            try:
                os.link(self.programs / name, programs / name)
            except OSError:  # another file system
                shutil.copy2(self.programs / name, programs / name)
        self.programs = programs
        (self.folder / "clip").write_bytes(bytes(1000))
        rows = [{"id": 1, "text": "a"},
                {"id": 2, "text": "b", "video": "clip"},
                {"id": 3, "text": "c"}]
        for choice in ("fail", "skip"):
            out = self.embed(rows, "--mode", "disc", "--on-error", choice,
                             code=69)
            self.assertEqual([r["id"] for r in out], [1])
            self.assertIn("records.jsonl, line 2: ", self.errors)
            self.assertIn("ume-media", self.errors)

    def test_a_preprocessor_of_another_model_is_no_records_fault(self):
        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        path = model / "preprocessor_config.json"
        whole = json.loads(path.read_text())
        for field in ("patch_size", "merge_size", "temporal_patch_size"):
            other = whole[field] + 1
            path.write_text(json.dumps({**whole, field: other}))
            self.embed([{"id": 1, "text": "a"}], "--mode", "disc",
                       "--on-error", "skip", model=model, code=65)
            self.assertIn(f"{path}: {field}: expected {whole[field]} as in "
                          f"{model / 'config.json'}, found {other}",
                          self.errors)

    def test_stdin_is_read_and_a_template_chosen(self):
        record = '{"id": "x", "text": "a flag"}\n'
        options = ("--model", MODEL, "--input", "-", "--mode", "disc")
        long = self.lines(*options, input=record)
        # Its blank stands before <disc_emb>; what comes after cannot be seen.
        other = self.lines(*options, "--template", "rl_published",
                           input=record)
        self.assertEqual(long[0]["id"], "x")
        self.assertNotEqual(long, other)

    def test_tensors_hold_the_same_as_the_lines(self):
        rows = self.mixed_records()
        options = ("--max-new-tokens", "3")
        out = self.embed(rows, *options)
        path = self.folder / "out.safetensors"
        self.embed(rows, *options, "--output", path)
        tensors = Tensors(path)
        lines = [json.loads(line) for line in
                 bytes(tensors.values["records"]).splitlines()]
        for i, row in enumerate(out):
            self.assertEqual(lines[i], {"id": row["id"],
                                        "completion": row["completion"]})
            none = [0.0] * 64
            self.assertNear(tensors.row("disc_embedding", i),
                            row["disc_embedding"] or none, 1e-7)
            self.assertNear(tensors.row("gen_embedding", i),
                            row["gen_embedding"] or none, 1e-7)

    def test_without_records_the_tensors_keep_their_shapes(self):
        path = self.folder / "out.safetensors"
        rows = {"records": [0], "records_offsets": [1]}
        for mode, names in (("both", ("disc", "gen")), ("disc", ("disc",)),
                            ("gen", ("gen",))):
            self.embed([], "--mode", mode, "--output", path)
            self.assertEqual(Tensors(path).shapes, {
                **rows, **{f"{x}_embedding": [0, 64] for x in names}})

    def test_an_output_that_is_a_folder_is_refused_before_the_work(self):
        path = self.folder / "out.safetensors"
        path.mkdir()
        self.embed([{"text": "a"}], "--mode", "disc", "--output", path,
                   code=74)
        self.assertIn("out.safetensors: expected the name of a file, found a "
                      "folder", self.errors)

    def test_an_output_file_appears_whole_or_not_at_all(self):
        path = self.folder / "out.jsonl"
        path.write_text("old")
        rows = [{"text": "a"}, {"text": 1}]
        self.embed(rows, "--mode", "disc", "--output", path, code=65)
        self.assertEqual(path.read_text(), "old")
        self.embed(rows[:1], "--mode", "disc", "--output", path)
        self.assertEqual(len(json.loads(path.read_text())["disc_embedding"]),
                         64)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["out.jsonl", "records.jsonl"])

    def test_one_picture_and_one_text_are_embedded_by_the_emoji_model(self):
        out = self.lines("--model", EMOJI / "base", "--template", "minimal",
                         "--image", EMOJI / "samples.png", "--text",
                         "currency", "--max-new-tokens", "4")
        self.assertEqual(len(out), 1)
        norm = sum(x * x for x in out[0]["disc_embedding"])
        self.assertAlmostEqual(norm, 1.0, places=4)

    def test_wrong_usage_ends_with_2(self):
        for options in (["--max-new-tokens", "0"],
                        ["--max-new-tokens", "131073"],
                        ["--max-new-tokens", "3000000000"],
                        ["--max-new-tokens", "4294967296"],
                        ["--max-new-tokens", "010"],
                        ["--batch-tokens", "0"], ["--batch-tokens", "1e3"],
                        ["--batch-tokens", "99999999999999999999"]):
            self.call("--model", MODEL, "--text", "a", *options, code=2)
        for option in ("--text", "--image"):
            result = subprocess.run(
                [self.programs / "ume", "embed", "--model", MODEL, option,
                 b"a\xff\x1b[2J"], capture_output=True, timeout=120)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(f'{option}: expected UTF-8, found "a??[2J"'.encode(),
                          result.stderr)

    def test_a_batch_that_is_repeated_is_counted_once(self):
        model = self.folder / "model"
        shutil.copytree(MODEL, model)
        for path in model.glob("model*.safetensors"):
            self.spoil_row(path, "z", model)
        rows = [{"id": i, "messages": [{"role": "user", "content": text}]}
                for i, text in enumerate(("hi", "z", "hi"))]
        rows[1]["messages"][0]["content"] += "<disc_emb>"
        out = self.embed(rows, "--mode", "disc", "--on-error", "skip",
                         model=model)
        self.assertEqual([r["id"] for r in out], [0, 2])
        self.assertIn(" 2 conversations hold no <disc_emb>", self.errors)

    def spoil_row(self, path, text, model):
        """NaN as the input embedding of one token."""
        data = bytearray(path.read_bytes())
        size, = struct.unpack("<Q", data[:8])
        about = json.loads(data[8:8 + size]).get("model.embed_tokens.weight")
        if about is None:
            return
        self.assertEqual(about["dtype"], "F32")
        tokenizer = json.loads((model / "tokenizer.json").read_text())
        width = 4 * about["shape"][1]
        begin = 8 + size + about["data_offsets"][0] + \
            tokenizer["model"]["vocab"][text] * width
        data[begin:begin + width] = b"\xff" * width
        path.write_bytes(data)

    def test_results_that_cannot_be_written_end_with_74(self):
        record = '{"text": "a"}\n'
        options = ["--model", MODEL, "--input", "-", "--mode", "disc"]
        shell = ["bash", "-c", '"$0" "$@" > /dev/full',
                 str(self.programs / "ume"), "embed", *map(str, options)]
        result = subprocess.run(shell, input=record, text=True,
                                capture_output=True, timeout=120)
        self.assertEqual(result.returncode, 74, result.stderr)


if __name__ == "__main__":
    main()
