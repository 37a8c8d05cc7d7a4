#!/usr/bin/env python3
"""Runs every benchmark: bench/TOPIC.py, and the programs ume_bench_TOPIC that
have no script. Prints their figures, one a line, and keeps them in
BUILD/bench/figures.txt. Ends with 1 when a benchmark fails."""

import argparse
import os
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
NO_TOPIC = {"run_all", "figures"}


def commands(build):
    """(topic, command) of every benchmark, by name."""
    found = {}
    for program in sorted((build / "bin").glob("ume_bench_*")):
        found[program.name.removeprefix("ume_bench_")] = [str(program)]
    for script in sorted(BENCH.glob("*.py")):
        if script.stem not in NO_TOPIC:
            found[script.stem] = [sys.executable, str(script), "--build",
                                  str(build)]
    return sorted(found.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append", default=[], metavar="TOPIC")
    options = parser.parse_args()
    build = options.build.resolve()
    known = commands(build)
    unknown = set(options.only) - {topic for topic, _ in known}
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are "
                     + ", ".join(topic for topic, _ in known))
    # One thread a process, as every role runs (docs/flow.md).
    environment = dict(os.environ, OMP_NUM_THREADS="1",
                       OPENBLAS_NUM_THREADS="1")
    (build / "bench").mkdir(exist_ok=True)
    failed = []
    with open(build / "bench" / "figures.txt", "w") as record:
        for topic, command in known:
            if options.only and topic not in options.only:
                continue
            print(f"# {topic}", flush=True)
            child = subprocess.Popen(command, text=True, env=environment,
                                     stdout=subprocess.PIPE, cwd=BENCH.parent)
            for line in child.stdout:
                print(line, end="", flush=True)
                record.write(line)
            if child.wait() != 0:
                failed.append(topic)
    if failed:
        print("failed:", ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
