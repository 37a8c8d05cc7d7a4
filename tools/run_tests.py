#!/usr/bin/env python3
"""Runs ctest and ends with one line, `N passed, N failed`, that counts test
cases: those of the Catch2 programs (JUnit files) and one per script."""

import argparse
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--label", action="append", default=[],
                        help="only tests with this ctest label")
    parser.add_argument("--exclude", default="slow|gpu")
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()

    results = options.build / "test-results"
    results.mkdir(parents=True, exist_ok=True)
    for old in results.glob("*.xml"):
        old.unlink()
    command = ["ctest", "--test-dir", str(options.build), "--output-on-failure",
               "--no-tests=error", "-j", options.jobs]
    command += ["-LE", options.exclude]
    if options.label:
        command += ["-L", "|".join(options.label)]
    ctest = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    outcome = {}
    for line in ctest.stdout:
        print(line, end="", flush=True)
        match = re.match(r"\s*\d+/\d+ Test\s+#\d+: (\S+) \.+\**\s*(\w+)", line)
        if match:
            outcome[match.group(1)] = match.group(2) == "Passed"
    status = ctest.wait()

    passed = failed = 0
    for name, good in sorted(outcome.items()):
        cases = count_cases(results / f"{name}.xml")
        if cases is None:
            cases = (1, 0) if good else (0, 1)
        elif not good and cases[1] == 0:
            cases = (cases[0], 1)  # crashed or timed out outside a case
        passed += cases[0]
        failed += cases[1]
    print(f"{passed} passed, {failed} failed")
    return 0 if status == 0 and failed == 0 and passed > 0 else 1


def count_cases(path):
    """(passed, failed) test cases of a JUnit file; None when there is none."""
    try:
        root = xml.parse(path).getroot()
    except (OSError, xml.ParseError):
        return None
    names, bad = set(), set()
    for case in root.iter("testcase"):
        name = case.get("classname", "") + case.get("name", "").split("/")[0]
        names.add(name)
        if case.find("failure") is not None or case.find("error") is not None:
            bad.add(name)
    return len(names) - len(bad), len(bad)


if __name__ == "__main__":
    sys.exit(main())
