#!/usr/bin/env python3
"""A fuzz run begins with the kept corpus of each target and leaves a corpus
that has grown already as it is."""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import fuzz  # noqa: E402

targets = fuzz.all_targets()
with tempfile.TemporaryDirectory() as folder:
    corpora = pathlib.Path(folder)
    grown = corpora / targets[0] / "found_yesterday"
    grown.parent.mkdir()
    grown.write_bytes(b"x")
    fuzz.unpack_grown(corpora, targets)
    counts = {t: len(list((corpora / t).iterdir())) for t in targets}

found = [f"{t}: no kept input" for t in targets[1:] if counts[t] < 10]
if counts[targets[0]] != 1:
    found.append(f"{targets[0]}: {counts[targets[0]]} inputs, expected the one "
                 "that was there")
print("\n".join(found) or f"{sum(counts.values())} inputs unpacked")
sys.exit(bool(found))
