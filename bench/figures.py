"""Prints figures in the one form that bench/run_all.py collects."""

import importlib.util
import os
import statistics
import subprocess
import sys
import time

DEBIAN_PYTHON = "/usr/bin/python3"


def need_modules(*names):
    """Goes on under Debian's interpreter where this one lacks a module."""
    lacking = [name for name in names if not importlib.util.find_spec(name)]
    if not lacking:
        return
    if sys.executable == DEBIAN_PYTHON:
        raise SystemExit(f"needs Python's {', '.join(lacking)}")
    os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])


def figure(name, value, unit, note=""):
    """`name` is TOPIC.WHAT; `note` says what it was compared with."""
    print(f"{name:<40} {value:>12.4g} {unit:<10} {note}".rstrip(), flush=True)


def alternate(rounds, *works):
    """Median seconds of each of `works`, run in turn `rounds` times, so that
    a noisy machine disturbs all of them alike. One round before is not
    counted."""
    seconds = [[] for _ in works]
    for turn in range(rounds + 1):
        for work, measured in zip(works, seconds):
            start = time.perf_counter()
            work()
            if turn > 0:
                measured.append(time.perf_counter() - start)
    return [statistics.median(measured) for measured in seconds]


def quiet(*command, timeout=600):
    """Runs a command to its end; raises with its last words if it fails."""
    result = subprocess.run([str(word) for word in command], text=True,
                            capture_output=True, timeout=timeout)
    if result.returncode != 0:
        raise SystemExit(f"{command[0]}: exit code {result.returncode}: "
                         f"{result.stderr[-2000:]}")
    return result.stdout
