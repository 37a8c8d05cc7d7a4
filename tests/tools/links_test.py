#!/usr/bin/env python3
"""Links of the documentation to files and headings of this project lead
somewhere."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)


def anchors(page):
    """As the hub makes them from headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-")
            for h in headings}


def problems(page):
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = page.parent / path if path else page
        if not goal.exists():
            yield f"{page}: {target}: no such file"
        elif anchor and anchor not in anchors(goal):
            yield f"{page}: {target}: no such heading"


pages = [ROOT / "README.md"]
for folder in ("docs", "configs", "examples"):
    pages += sorted((ROOT / folder).glob("**/*.md"))
found = [text for page in pages for text in problems(page)]
print("\n".join(found) or f"{len(pages)} pages: every link leads somewhere")
sys.exit(bool(found))
