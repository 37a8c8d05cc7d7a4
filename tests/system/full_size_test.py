#!/usr/bin/env python3
"""The real 2B shape on the CPU: `ume model init` in bf16, then a picture prompt
and four tokens, both inside 12 GiB. Needs 14 GiB of free memory, 10 GB of disk
and some minutes; part of `make test-slow`."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_BYTES = 12 << 30
NEEDED_MEMORY = 14 << 30
NEEDED_DISK = 10e9


def available_memory():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def run(*command):
    """The command's stdout and its peak resident bytes, file pages included."""
    child = subprocess.Popen([str(word) for word in command],
                             stdout=subprocess.PIPE, text=True)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} {command[1]}: exit code "
                         f"{child.returncode}")
    return text, usage.ru_maxrss * 1024


def check(true, what):
    if not true:
        raise SystemExit("failed: " + what)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--shape", default="qwen2_vl_2b",
                        help="a folder of configs/models")
    options = parser.parse_args()
    parent = ROOT / "build"
    check(available_memory() >= NEEDED_MEMORY,
          "14 GiB of memory must be available")
    check(shutil.disk_usage(parent).free >= NEEDED_DISK,
          "10 GB of disk must be free")
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        model = pathlib.Path(folder) / "model"
        _, peak = run(options.programs / "ume", "model", "init", "--config",
                      ROOT / "configs/models" / options.shape,
                      "--companions", ROOT / "tests/fixtures/parity/tokenizer",
                      "--output", model)
        size = sum(path.stat().st_size
                   for path in model.glob("*.safetensors"))
        print(json.dumps({"file_bytes": size, "init_peak_mb": peak / 1e6}))
        check(peak < 1 << 30, f"init took {peak} bytes, expected < 1 GiB")
        text, peak = run(options.programs / "ume_full_size_probe", model)
        print(text, end="")
        found = json.loads(text)
        check(peak < LIMIT_BYTES, f"{peak} bytes of memory, limit {LIMIT_BYTES}")
        check(found["prompt_tokens"] <= 300, "a prompt of at most 300 tokens")
        check(found["finite"], "finite states")
        check(len(found["ids"]) == 4, "four tokens")
        # Up-cast piece by piece: no second copy of the weights.
        check(found["anonymous_mb"] * 1e6 < 0.5 * size,
              "no copy of the weights in memory")
    return 0


if __name__ == "__main__":
    sys.exit(main())
