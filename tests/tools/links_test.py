#!/usr/bin/env python3
"""Links of the documentation to files and headings of this project, and the
paths that it names, lead somewhere."""

import fnmatch
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
PATH = re.compile(r"[\w.*-]+(/[\w.*-]+)+/?")
PLACEHOLDER = re.compile(r"[A-Z]{3,}")  # TARGET, step_NNNNNN
# A run's folder and the metrics have names that begin like these folders: of
# them only what can be nothing but a source file.
SHARED_NAMES = ("eval", "reward")
SOURCE = re.compile(r"\.(h|cpp|c|py|sh|proto|txt|md)$")


def anchors(page):
    """As the hub makes them from headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-")
            for h in headings}


def link_problems(page):
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = page.parent / path if path else page
        if not goal.exists():
            yield f"{page}: {target}: no such file"
        elif anchor and anchor not in anchors(goal):
            yield f"{page}: {target}: no such heading"


def project_paths():
    """Files, and the folders that they are in; none that is made by a run."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = set()
    for name in listed.splitlines():
        if (ROOT / name).exists():
            paths.add(name)
            paths |= {p.as_posix() for p in pathlib.PurePath(name).parents}
    return paths - {"."}


def path_problem(named, paths):
    """What is wrong with a path in backticks that means one of this project:
    it is not there, or does not begin in the root."""
    if named in paths or fnmatch.filter(paths, named):
        return None
    top = named.split("/")[0]
    if top in paths and (top not in SHARED_NAMES or SOURCE.search(named)):
        return None if PLACEHOLDER.search(named) else "no such file"
    whole = sorted(p for p in paths if p.endswith("/" + named))
    return f"write {whole[0]}" if whole else None


def path_problems(page, paths):
    for code in CODE.findall(FENCE.sub("", page.read_text())):
        match = PATH.fullmatch(code.split(" ")[0])
        problem = match and path_problem(match.group().rstrip("/"), paths)
        if problem:
            yield f"{page}: `{code}`: {problem}"


def main():
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    for folder in ("docs", "configs", "examples"):
        pages += sorted((ROOT / folder).glob("**/*.md"))
    paths = project_paths()
    found = []
    for page in pages:
        found += link_problems(page)
        found += path_problems(page, paths)
    print("\n".join(found) or
          f"{len(pages)} pages: every link and path leads somewhere")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
