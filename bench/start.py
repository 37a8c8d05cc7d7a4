#!/usr/bin/env python3
"""How fast things start, and a step of the smallest job: `ume` beside a
program that does nothing, `ume-engine` (LibTorch) beside `ume`, and whole
steps of SFT and GRPO with all processes real."""

import argparse
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from figures import alternate, figure, quiet  # noqa: E402
from tiny_job import TinyJob  # noqa: E402


def start_times(programs):
    nothing, ume, engine = alternate(
        15, lambda: quiet("true"),
        lambda: quiet(programs / "ume", "--version"),
        lambda: quiet(programs / "ume-engine", "--help"))
    figure("start.ume", 1e3 * ume, "ms",
           f"x{ume / nothing:.1f} of `true`; {1e3 * nothing:.2g} ms of it is "
           "the measuring")
    figure("start.ume_engine", 1e3 * engine, "ms",
           f"x{engine / ume:.1f} of `ume`")


def step_times(programs):
    job = TinyJob(programs)
    try:
        start = time.time()
        job.run("train", job.config("bench"), "sft.steps=40",
                "grpo.updates=20", "checkpoint.every_steps=100", check=True)
        total = time.time() - start
        steps = job.steps("bench")
    finally:
        job.remove()
    figure("start.first_step", steps[0]["time"] - start, "s",
           "from `ume train` to the end of the first SFT step")
    for phase in ("sft", "grpo"):
        times = [s["time"] for s in steps if s["phase"] == phase]
        gaps = [after - before for before, after in zip(times, times[1:])]
        figure(f"start.{phase}_step", 1e3 * statistics.median(gaps), "ms",
               f"median of {len(gaps)}, all processes real")
    figure("start.job", total, "s", "40 SFT and 20 GRPO steps, start to end")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    programs = parser.parse_args().build.resolve() / "bin"
    start_times(programs)
    step_times(programs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
