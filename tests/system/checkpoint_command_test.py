#!/usr/bin/env python3
"""`ume checkpoint inspect|verify|export` and `ume model prepare` on the
reference checkpoints: answers, refusals, exit codes."""

import json
import pathlib
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from command_case import CommandCase, main  # noqa: E402
from small_disk import on_small_disk  # noqa: E402
from tiny_job import TinyJob  # noqa: E402

PARITY = ROOT / "tests/fixtures/parity"


def header(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


class Commands(CommandCase):
    def copy(self, name, source=PARITY / "model_a_qwen2vl_tied"):
        return pathlib.Path(shutil.copytree(source, self.folder / name))

    def model_without_tokens(self):
        plain = self.copy("plain", PARITY / "model_d_qwen2vl_fullvocab_bf16")
        for name in ("tokenizer.json", "tokenizer_config.json"):
            root = json.loads((PARITY / "tokenizer" / name).read_text())
            if name == "tokenizer.json":
                root["added_tokens"] = [t for t in root["added_tokens"]
                                        if t["id"] < 151657]
            else:
                for key in ("151657", "151658"):
                    root.get("added_tokens_decoder", {}).pop(key, None)
            (plain / name).write_text(json.dumps(root))
        return plain

    def test_inspect_tells_layout_sizes_and_heads(self):
        said = {}
        for name in ("model_a_qwen2vl_tied", "model_b_qwen2vl_untied",
                     "model_a_qwen2vl_tied_transformers5_layout",
                     "model_c_qwen25vl", "model_d_qwen2vl_fullvocab_bf16"):
            said[name] = json.loads(self.call(
                "checkpoint", "inspect", PARITY / name, "--json"))
            self.assertEqual(said[name]["missing"], [])
            self.assertEqual(said[name]["unexpected"], [])
        classic = said["model_a_qwen2vl_tied"]
        nested = said["model_a_qwen2vl_tied_transformers5_layout"]
        self.assertEqual(classic["layout"], "hub, classic")
        self.assertEqual(nested["layout"], "hub, nested")
        self.assertEqual(classic["parameters"], nested["parameters"])
        self.assertTrue(classic["tied_head"])
        self.assertFalse(said["model_b_qwen2vl_untied"]["tied_head"])
        self.assertEqual(said["model_c_qwen25vl"]["family"], "qwen2_5_vl")
        self.assertEqual(
            list(said["model_d_qwen2vl_fullvocab_bf16"]["dtypes"]), ["BF16"])

    def test_verify_finds_a_value_that_is_not_finite(self):
        source = PARITY / "model_d_qwen2vl_fullvocab_bf16"
        self.assertIn("all values finite",
                      self.call("checkpoint", "verify", source))
        shutil.copytree(source, self.folder / "bad")
        path = self.folder / "bad" / "model.safetensors"
        about, _ = header(path)
        place = about["model.norm.weight"]["data_offsets"][0]
        data = bytearray(path.read_bytes())
        size = struct.unpack("<Q", data[:8])[0]
        data[8 + size + place:10 + size + place] = b"\xc0\x7f"  # bf16 NaN
        path.write_bytes(data)
        self.refuse(65, '"model.norm.weight" has 1 NaN',
                    "checkpoint", "verify", self.folder / "bad")

    def test_verify_names_what_is_missing(self):
        source = PARITY / "model_d_qwen2vl_fullvocab_bf16"
        shutil.copytree(source, self.folder / "bad")
        config = json.loads((source / "config.json").read_text())
        config["num_hidden_layers"] = 3
        (self.folder / "bad" / "config.json").write_text(json.dumps(config))
        self.refuse(65, "missing: model.layers.2.",
                    "checkpoint", "verify", self.folder / "bad")

    def test_a_shard_size_that_is_no_number_is_wrong_usage(self):
        for size in ("nan", "inf", "0", "1001", "1GB"):
            self.refuse(2, f"--shard-gb: expected a number from 0.001 to 1000, "
                        f"found {size}",
                        "checkpoint", "export", self.folder / "none",
                        "--output", self.folder / "out", "--shard-gb", size)

    def test_export_of_the_nested_layout_is_the_classic_model(self):
        out = self.folder / "out"
        self.call("checkpoint", "export",
                     PARITY / "model_a_qwen2vl_tied_transformers5_layout",
                     "--output", out, "--shard-gb", "1")
        about, data = header(out / "model.safetensors")
        for shard in sorted((PARITY / "model_a_qwen2vl_tied")
                            .glob("*.safetensors")):
            if shard.name.startswith("cases"):
                continue
            theirs, bytes_of = header(shard)
            for name, entry in theirs.items():
                if name == "__metadata__":
                    continue
                a, b = entry["data_offsets"]
                c, d = about[name]["data_offsets"]
                self.assertEqual(bytes_of[a:b], data[c:d], name)
        for name in ("tokenizer.json", "tokenizer_config.json",
                     "preprocessor_config.json", "generation_config.json"):
            self.assertTrue((out / name).is_file(), name)
        self.refuse(78, "holds a model already", "checkpoint", "export",
                    PARITY / "model_a_qwen2vl_tied", "--output", out)

    def test_export_asks_for_a_tokenizer_where_there_is_none(self):
        self.refuse(65, "--companions", "checkpoint", "export",
                    PARITY / "model_d_qwen2vl_fullvocab_bf16",
                    "--output", self.folder / "out")
        self.call("checkpoint", "export",
                  PARITY / "model_d_qwen2vl_fullvocab_bf16",
                  "--companions", PARITY / "tokenizer",
                  "--output", self.folder / "out")
        self.assertIn("tokenizer holds no preprocessor_config.json",
                      self.errors)
        self.assertIn("holds no generation_config.json", self.errors)
        self.assertNotIn("tokenizer_config.json", self.errors)

    def test_export_keeps_fp16(self):
        source = PARITY / "model_a_qwen2vl_tied"
        for number, dtype in enumerate(("float16", "auto")):
            out = self.folder / str(number)
            self.call("checkpoint", "export", source, "--output", out,
                         "--dtype", dtype)
            about, _ = header(out / "model.safetensors")
            about.pop("__metadata__")
            self.assertEqual({t["dtype"] for t in about.values()}, {"F16"})
            source = out
        self.assertEqual((self.folder / "0" / "model.safetensors").read_bytes(),
                         (self.folder / "1" / "model.safetensors").read_bytes())

    def test_inspect_shows_a_name_without_what_a_terminal_obeys(self):
        source = PARITY / "model_a_qwen2vl_tied"
        shutil.copytree(source, self.folder / "bad")
        path = self.folder / "bad" / "model.safetensors"
        if not path.is_file():
            path = sorted((self.folder / "bad").glob("model-*.safetensors"))[0]
            (self.folder / "bad" / "model.safetensors.index.json").unlink()
            path = path.rename(self.folder / "bad" / "model.safetensors")
        about, data = header(path)
        about.pop("__metadata__", None)
        name = next(iter(about))
        about["a\x1b[2Jb"] = about.pop(name)
        text = json.dumps(about).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        said = self.call("checkpoint", "inspect", self.folder / "bad")
        self.assertNotIn("\x1b", said)
        self.assertIn("a?[2Jb", said)

    def test_prepare_names_the_field_of_another_form(self):
        plain = self.folder / "plain"
        shutil.copytree(PARITY / "model_d_qwen2vl_fullvocab_bf16", plain)
        tokenizer = json.loads(
            (PARITY / "tokenizer/tokenizer.json").read_text())
        tokenizer["added_tokens"] = [t for t in tokenizer["added_tokens"]
                                     if t["id"] < 151657]
        (plain / "tokenizer.json").write_text(json.dumps(tokenizer))
        for value in ([], 5, "x"):
            (plain / "tokenizer_config.json").write_text(
                json.dumps({"added_tokens_decoder": value}))
            self.refuse(65, "tokenizer_config.json: added_tokens_decoder: "
                        "expected an object", "model", "prepare", "--model",
                        plain, "--output", self.folder / "out")

    def test_prepare_copies_the_donors_rows_and_a_second_time_nothing(self):
        plain = self.model_without_tokens()
        out = self.folder / "out"
        self.call("model", "prepare", "--model", plain, "--output", out)
        about, data = header(out / "model.safetensors")
        _, before = header(plain / "model.safetensors")
        begin, end = about["model.embed_tokens.weight"]["data_offsets"]
        width = 2 * about["model.embed_tokens.weight"]["shape"][1]

        def row(content, token):
            return content[begin + token * width:begin + (token + 1) * width]

        self.assertEqual(row(data, 151657), row(before, 151647))
        self.assertEqual(row(data, 151658), row(before, 151646))
        self.assertEqual(row(data, 151656), row(before, 151656))
        self.assertEqual(row(data, 151659), row(before, 151659))
        tokens = json.loads((out / "tokenizer.json").read_text())
        self.assertEqual([t["content"] for t in tokens["added_tokens"][-2:]],
                         ["<gen_emb>", "<disc_emb>"])
        again = self.folder / "again"
        self.call("model", "prepare", "--model", out, "--output", again)
        for name in ("model.safetensors", "tokenizer.json", "config.json",
                     "tokenizer_config.json"):
            self.assertEqual((out / name).read_bytes(),
                             (again / name).read_bytes(), name)

    def test_prepare_leaves_no_model_without_its_tokens_on_a_full_disk(self):
        plain = self.model_without_tokens()
        weights = (plain / "model.safetensors").stat().st_size
        tokenizer = (plain / "tokenizer.json").stat().st_size
        disk = self.folder / "disk"
        disk.mkdir()
        codes = []
        for room in (0.5, 1.5, 4):
            listed = ["sh", "-c", '"$@"; code=$?; ls "$0"; exit $code',
                      disk / "out", self.programs / "ume", "model", "prepare",
                      "--model", plain, "--output", disk / "out"]
            result = subprocess.run(
                on_small_disk(disk, int(weights + room * tokenizer), listed),
                capture_output=True, text=True, timeout=120)
            codes.append(result.returncode)
            files = result.stdout.split()
            self.assertIn(result.returncode, (0, 74), result.stderr)
            self.assertEqual("config.json" in files, result.returncode == 0,
                             result.stderr)
        self.assertEqual((codes[0], codes[-1]), (74, 0))

class TrainingCheckpoint(CommandCase):
    def test_is_verified_and_exported_as_the_run_exports_it(self):
        job = TinyJob(self.programs)
        self.addCleanup(job.remove)
        job.run("train", job.config("job"), "phases=[sft]", "sft.steps=2",
                check=True)
        folder = job.folder / "job" / "checkpoints" / "sft" / "step_000002"
        self.assertIn("files as the manifest says",
                      self.call("checkpoint", "verify", folder))
        about = json.loads(self.call("checkpoint", "inspect", folder, "--json"))
        self.assertEqual(about["layout"], "training checkpoint")
        self.assertEqual(list(about["dtypes"]), ["F32"])
        out = job.folder / "exported"
        self.call("checkpoint", "export", folder, "--output", out)
        for name in ("model.safetensors", "config.json", "tokenizer.json"):
            self.assertEqual((out / name).read_bytes(),
                             (folder / "model" / name).read_bytes(), name)
        self.check_damage(folder)

    def check_damage(self, folder):
        def refused(code, text, command="verify"):
            self.refuse(code, text, "checkpoint", command, folder)

        for name in ("weights.safetensors", "optimizer.safetensors",
                     "config.json", "state.json", "model/tokenizer.json",
                     "manifest.json"):
            away = (folder / name).rename(folder.parent / "away")
            refused(65, f"{name}: missing")
            if name in ("weights.safetensors", "manifest.json"):
                refused(65, f"{name}: missing", "inspect")
            away.rename(folder / name)
        manifest = json.loads((folder / "manifest.json").read_text())
        for change, code, text in (({"files": {}}, 65, '"files" does not list'),
                                   ({"version": 2**32 + 1}, 78,
                                    "version 4294967297")):
            (folder / "manifest.json").write_text(
                json.dumps({**manifest, **change}))
            refused(code, text)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "state.json").write_bytes(
            b"[" + (folder / "state.json").read_bytes()[1:])
        refused(65, "state.json: damaged")


if __name__ == "__main__":
    main()
