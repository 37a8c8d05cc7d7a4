#!/usr/bin/env python3
"""Model folders whose files are missing, not to be read, links, pipes, loops or
another model's, as `ume checkpoint`, `model init`, `tokenize` and `preprocess`
meet them."""

import os
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from command_case import CommandCase, main  # noqa: E402

PARITY = ROOT / "tests/fixtures/parity"


class ModelFolder(CommandCase):
    def copy(self, name, source=PARITY / "model_a_qwen2vl_tied"):
        return pathlib.Path(shutil.copytree(source, self.folder / name))

    def test_a_companion_that_cannot_be_read_is_no_empty_file(self):
        source = self.copy("source")
        path = source / "tokenizer_config.json"
        path.unlink()
        path.symlink_to("/proc/self/mem")  # opens, and fails when it is read
        out = self.folder / "out"
        for command in (("checkpoint", "export", source),
                        ("model", "init", "--config", source)):
            self.refuse(74, "tokenizer_config.json: cannot read: Input/output",
                        *command, "--output", out)
            self.assertFalse((out / "config.json").exists())

    def test_companions_that_are_not_there_are_refused(self):
        source = PARITY / "model_a_qwen2vl_tied"
        empty = self.folder / "empty"
        empty.mkdir()
        out = self.folder / "out"
        for command in (("checkpoint", "export", source),
                        ("model", "init", "--config", source)):
            self.refuse(74, "mistyped: No such file", *command, "--output",
                        out, "--companions", self.folder / "mistyped")
            self.refuse(65, "empty: holds no tokenizer.json", *command,
                        "--output", out, "--companions", empty)
            self.assertFalse(out.exists())

    def test_a_sharded_export_leaves_no_other_model_beside_it(self):
        out = self.folder / "out"
        out.mkdir()
        (out / "model.safetensors").write_bytes(b"of another model")
        self.call("checkpoint", "export", PARITY / "model_a_qwen2vl_tied",
                     "--output", out, "--shard-gb", "0.001")
        self.assertFalse((out / "model.safetensors").exists())
        self.assertTrue((out / "model.safetensors.index.json").exists())
        self.call("checkpoint", "verify", out)

    def test_a_model_folders_file_that_cannot_be_opened_is_an_io_error(self):
        readers = {"config.json": ("checkpoint", "inspect"),
                   "model.safetensors": ("checkpoint", "inspect"),
                   "model.safetensors.index.json": ("checkpoint", "inspect"),
                   "tokenizer.json": ("tokenize", "--model"),
                   "preprocessor_config.json":
                       ("preprocess", "--input", os.devnull, "--model")}
        whole = self.copy("whole")
        for name, command in readers.items():
            with self.subTest(name):
                model = self.copy(f"with-{name}", whole)
                if name == "model.safetensors":  # what is read without it
                    (model / "model.safetensors.index.json").unlink()
                path = model / name
                path.unlink(missing_ok=True)
                if name != "model.safetensors.index.json":
                    self.refuse(74, f"{name}: cannot open: No such file",
                                *command, model)
                os.mkfifo(path)
                self.refuse(74, f"{name}: not a regular file", *command, model)
                path.unlink()
                path.symlink_to(name)
                self.refuse(74, f"{name}: cannot open: Too many levels",
                            *command, model)

    def test_a_models_files_may_be_links_as_in_the_hubs_cache(self):
        blobs = self.copy("blobs")
        model = self.folder / "model"
        model.mkdir()
        for path in blobs.iterdir():
            (model / path.name).symlink_to(path)
        self.call("checkpoint", "verify", model)
        self.call("checkpoint", "export", model, "--output",
                     self.folder / "out")
        self.assertEqual((self.folder / "out/tokenizer.json").read_bytes(),
                         (blobs / "tokenizer.json").read_bytes())

    def test_a_path_that_cannot_be_followed_is_an_io_error(self):
        model = PARITY / "model_a_qwen2vl_tied"
        loop = self.folder / "loop"
        loop.symlink_to("loop")
        for path, reason in ((loop, "Too many levels of symbolic links"),
                             (self.folder / ("x" * 300), "File name too long")):
            for command in (("checkpoint", "inspect", path),
                            ("checkpoint", "verify", path),
                            ("checkpoint", "export", path, "--output",
                             self.folder / "out"),
                            ("checkpoint", "export", model, "--output", path),
                            ("checkpoint", "export", model, "--output",
                             self.folder / "out", "--companions", path),
                            ("model", "init", "--config", path, "--output",
                             self.folder / "out"),
                            ("tokenize", "--model", path),
                            ("preprocess", "--model", model, "--input", path)):
                with self.subTest(command):
                    self.refuse(74, reason, *command)
                    self.assertIn(str(path)[:150], self.errors)
                    self.assertNotIn("unexpected", self.errors)


if __name__ == "__main__":
    main()
