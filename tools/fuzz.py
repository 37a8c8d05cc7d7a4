#!/usr/bin/env python3
"""Runs the fuzz targets, each for a while, and says what they found: one line
a target, and the way to each input that broke one (docs/fuzzing.md)."""

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ = ROOT / "tests/fuzz"
# What earlier runs found worth keeping, as TARGET/NAME.
GROWN = FUZZ / "grown_corpora.tar.xz"

# Longest input in bytes, where 4096 is too short or needlessly long.
MAX_LEN = {"safetensors": 512, "safetensors_index": 1024, "model_config": 3072,
           "preprocessor_config": 1024, "tokenizer_text": 256,
           "wire_envelope": 256, "format_rule": 512, "result_blob": 512,
           "wire_request": 1024, "wire_reply": 1024, "reward_cohort": 512,
           "image_png": 2048, "image_jpeg": 2048, "image_webp": 2048}


def all_targets():
    text = (FUZZ / "target_functions.h").read_text()
    return re.findall(r"^  X\((\w+)\)", text, re.M)


def command(target, options, corpus):
    call = [options.build / f"bin/ume_fuzz_{target}", "-print_final_stats=1",
            f"-max_total_time={options.seconds}", f"-runs={options.runs}",
            f"-max_len={MAX_LEN.get(target, 4096)}", "-timeout=10",
            "-rss_limit_mb=2048", "-reload=0",
            f"-artifact_prefix={options.findings}/{target}-"]
    dictionary = FUZZ / f"dictionaries/{target}.dict"
    if dictionary.exists():
        call.append(f"-dict={dictionary}")
    call += [corpus, options.build / f"seeds/{target}"]
    kept = FUZZ / "corpus" / target
    return [str(part) for part in call + ([kept] if kept.exists() else [])]


def environment():
    """Short stacks of allocations and a small quarantine: twice as fast."""
    return dict(os.environ,
                ASAN_OPTIONS="malloc_context_size=3:quarantine_size_mb=16")


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def unpack_grown(folder, targets):
    """What a new corpus folder of a target begins with."""
    new = [t for t in targets if not (folder / t).exists()]
    for target in new:
        (folder / target).mkdir(parents=True)
    with tarfile.open(GROWN) as archive:
        for member in archive:
            target, _, name = member.name.removeprefix("./").partition("/")
            if target in new and member.isfile() and "/" not in name:
                content = archive.extractfile(member).read()
                (folder / target / name).write_bytes(content)


def run(target, options):
    """(executions, CPU seconds, way to what was found or None)"""
    corpus = options.corpus / target
    log = options.build / f"logs/{target}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    before = cpu_seconds()
    with open(log, "wb") as out:
        code = subprocess.run(command(target, options, corpus), cwd=ROOT,
                              stdout=out, stderr=subprocess.STDOUT,
                              env=environment()).returncode
    text = log.read_text(errors="replace")
    counts = re.findall(r"number_of_executed_units: (\d+)", text)
    # A crash ends before the totals are printed; the last progress line has
    # them, nearly.
    counts = counts or re.findall(r"^#(\d+)\s", text, re.M) or ["0"]
    found = None
    if code != 0:
        names = re.findall(r"Test unit written to (\S+)", text)
        found = names[-1] if names else str(log)
    return int(counts[-1]), cpu_seconds() - before, found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=60, help="each target")
    parser.add_argument("--runs", type=int, default=-1,
                        help="executions of each target at most")
    parser.add_argument("--corpus", type=pathlib.Path,
                        help="grows here; default: BUILD/corpus")
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.corpus = options.corpus or options.build / "corpus"
    options.findings = options.build / "findings"
    options.findings.mkdir(parents=True, exist_ok=True)
    unknown = set(options.target) - set(all_targets())
    if unknown:
        sys.exit(f"unknown target {sorted(unknown)}; there are: "
                 + " ".join(all_targets()))
    subprocess.run([FUZZ / "seeds.py", options.build / "seeds"], cwd=ROOT,
                   check=True)
    unpack_grown(options.corpus, options.target or all_targets())
    findings = 0
    print(f"{'target':22}{'executions':>14}{'per second':>12}{'CPU s':>9}")
    for target in options.target or all_targets():
        executions, seconds, found = run(target, options)
        print(f"{target:22}{executions:14,}{executions / max(seconds, 1e-3):12,.0f}"
              f"{seconds:9.1f}" + (f"  FOUND {found}" if found else ""),
              flush=True)
        findings += found is not None
    print(f"{findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
