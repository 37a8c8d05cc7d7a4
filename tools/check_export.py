#!/usr/bin/env python3
"""Shows that the reference library loads what `ume checkpoint export` writes,
without a missing or unexpected key, and computes the recorded logits with it.

For developers; not part of `make test` (it needs 3 GB of PyPI packages):

    python3 -m venv .cache/reference
    .cache/reference/bin/pip install torch transformers numpy pillow
    .cache/reference/bin/python tools/check_export.py --build build/release
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[1]
PARITY = ROOT / "tests/fixtures/parity"
# Folder of the weights, folder of the cases.
MODELS = [("model_a_qwen2vl_tied_transformers5_layout", "model_a_qwen2vl_tied"),
          ("model_b_qwen2vl_untied", "model_b_qwen2vl_untied"),
          ("model_c_qwen25vl", "model_c_qwen25vl")]
CASES = ["text_only", "image_two", "video"]
TOLERANCE = 2e-4


def load(folder, family):
    classes = {"qwen2_vl": transformers.Qwen2VLForConditionalGeneration,
               "qwen2_5_vl": transformers.Qwen2_5_VLForConditionalGeneration}
    model, info = classes[family].from_pretrained(
        folder, output_loading_info=True, attn_implementation="eager",
        torch_dtype=torch.float32)
    wrong = {key: list(value) for key, value in info.items() if value}
    if wrong:
        raise SystemExit(f"{folder}: {wrong}")
    return model.eval()


def largest_error(model, cases, name):
    case = load_file(cases / f"cases_{name}.safetensors")
    about = json.loads((cases / f"cases_{name}.json").read_text())
    pixels = load_file(cases / "cases_pixels.safetensors")
    inputs = {key: case[key] for key in
              ("input_ids", "attention_mask", "position_ids", "image_grid_thw",
               "video_grid_thw") if key in case}
    for key in ("pixel_values", "pixel_values_videos"):
        if about.get(key):
            inputs[key] = torch.cat([pixels[part] for part in about[key]])
    with torch.no_grad():
        logits = model(**inputs, use_cache=False).logits
    last = case["last_valid_index"]
    found = logits[torch.arange(len(last)), last]
    return (found - case["logits_last_valid"]).abs().max().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    ume = parser.parse_args().build.resolve() / "bin" / "ume"
    print("transformers", transformers.__version__, "torch", torch.__version__)
    worst = 0.0
    for weights, cases in MODELS:
        family = json.loads(
            (PARITY / cases / "config.json").read_text())["model_type"]
        with tempfile.TemporaryDirectory() as parent:
            folder = pathlib.Path(parent) / "export"
            subprocess.run([ume, "checkpoint", "export", PARITY / weights,
                            "--output", folder, "--shard-gb", "0.001"],
                           check=True)
            model = load(folder, family)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            rows = json.loads((PARITY / cases / "cases_text_only.json")
                              .read_text())["rows"]
            ids = tokenizer(rows[0]["prompt_text"])["input_ids"]
            case = load_file(PARITY / cases / "cases_text_only.safetensors")
            expected = case["input_ids"][0][case["attention_mask"][0] == 1]
            if ids != expected[:rows[0]["prompt_len"]].tolist():
                raise SystemExit(f"{weights}: the tokenizer's ids differ")
            for name in CASES:
                error = largest_error(model, PARITY / cases, name)
                worst = max(worst, error)
                print(f"{weights} {name}: no missing or unexpected key, "
                      f"largest difference of logits {error:.1e}")
    return 0 if worst < TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
