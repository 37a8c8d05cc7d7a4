#!/usr/bin/env python3
"""docs/formats/run_directory.md says of every kind of event what it means."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = "docs/formats/run_directory.md"
# The first argument of event(kind, text); it may choose between two.
CALL = re.compile(r"\bevent\(([^,;{]*),")

sources = "".join(path.read_text()
                  for path in sorted((ROOT / "coordinator").rglob("*.cpp")))
kinds = {kind for argument in CALL.findall(sources)
         for kind in re.findall(r'"(\w+)"', argument)}
section = (ROOT / PAGE).read_text().split("## Events")[1]
rows = [line.split("|")[1] for line in section.splitlines()
        if line.startswith("| `")]
listed = {kind for row in rows for kind in re.findall(r"`(\w+)`", row)}

found = [f"{PAGE}: {kind} is missing" for kind in sorted(kinds - listed)]
found += [f"{PAGE}: no such event: {kind}" for kind in sorted(listed - kinds)]
if len(kinds) < 20:
    found.append(f"only {len(kinds)} kinds were found in coordinator/")
print("\n".join(found) or f"{len(kinds)} kinds of events are described")
sys.exit(bool(found))
