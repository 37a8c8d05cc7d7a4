#!/usr/bin/env python3
"""Keeps the folder order: reads every ume_library(... DEPS ...) and fails when
the DEPS have a cycle or differ from the table below, or when a file includes a
folder that its own folder does not list. `*/config.h` style headers are no
exception. Also refuses vendor headers outside their one wrapper folder."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Who may include whom (docs/contributing.md#folders).
ALLOWED = {
    "common": set(),
    "kernels": {"common"},
    "data": {"common"},
    "reward": {"common"},
    "coordinator": {"common"},
    "dashboard": {"common"},
    "model": {"common", "kernels"},
    "rollout": {"common", "kernels", "model"},
    "learner": {"common", "kernels", "model"},
    "eval": {"common", "data", "model", "rollout", "reward"},
}
ALLOWED["actors"] = set(ALLOWED)
ALLOWED["launch"] = set(ALLOWED)

NO_TORCH = {"common", "data", "reward", "coordinator", "dashboard"}

# Headers that are never included, and what is instead.
AVOIDED = {"<torch/torch.h>": "kernels/torch.h, half as long to compile"}

# Vendor headers and the only files that may include them.
WRAPPED = {
    r"<mpi\.h>": r"^common/collective/mpi_\w+\.(h|cpp)$|^actors/mpi_\w+\.cpp$",
    r"<zmq\.hpp?>": r"^common/wire/zmq_\w+\.(h|cpp)$",
    r"<sqlite3\.h>": r"^coordinator/ledger/sqlite_\w+\.(h|cpp)$",
    r"<hiredis/": r"^coordinator/ledger/redis_\w+\.(h|cpp)$",
    r"<microhttpd\.h>": r"^common/http/http_\w+\.cpp$",
    r"<curl/": r"^common/http/curl_\w+\.cpp$",
    # Decoders of hostile files, GPL builds: only in the program ume-media.
    r"<lib(av\w+|swscale)/": r"^data/child/\w+\.(h|cpp)$",
    r"<poppler-": r"^data/child/\w+\.cpp$",
    r"<seccomp\.h>": r"^data/child/\w+\.cpp$",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([\w/.+-]+)"|(<[^>]+>))')
LIBRARY = re.compile(r"ume_library\(\s*(\w+)(.*?)\)", re.S)


def declared_deps(folder):
    path = ROOT / folder / "CMakeLists.txt"
    if not path.is_file():
        return None
    deps = set()
    for name, body in LIBRARY.findall(path.read_text()):
        match = re.search(r"\bDEPS\s+((?:\w+\s*)+?)(?=\b[A-Z]{4,}\b|$)", body)
        if match:
            deps |= {d for d in match.group(1).split() if d in ALLOWED}
    return deps


def main():
    problems = []
    for folder, allowed in ALLOWED.items():
        deps = declared_deps(folder)
        if deps is None:
            continue
        for extra in sorted(deps - allowed - {folder}):
            problems.append(f"{folder}/CMakeLists.txt: DEPS {extra} is not "
                            f"allowed; {folder} may use {sorted(allowed)}")
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in {".h", ".cpp", ".cu"}:
                continue
            check_file(path, folder, allowed, problems)
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix in {".h", ".cpp"}:
            check_avoided(path, problems)
    for line in problems:
        print(line)
    return 1 if problems else 0


def in_child(name):
    return name.startswith("data/child/")


def check_avoided(path, problems):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match and match.group(2) in AVOIDED:
            problems.append(f"{path.relative_to(ROOT).as_posix()}:{number}: "
                            f"include {AVOIDED[match.group(2)]}")


def check_file(path, folder, allowed, problems):
    name = path.relative_to(ROOT).as_posix()
    check_avoided(path, problems)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        ours, vendor = match.groups()
        if ours:
            if ours.startswith("data/child/") and not in_child(name):
                problems.append(f"{name}:{number}: {ours} belongs to ume-media "
                                "alone; the others talk to it over a pipe")
            top = ours.split("/")[0]
            if top in ALLOWED and top != folder and top not in allowed:
                problems.append(f"{name}:{number}: includes {ours}, but "
                                f"{folder}/ may use only {sorted(allowed)}")
            if "/internal/" in ours and top != folder:
                problems.append(f"{name}:{number}: {ours} is internal to {top}/")
            continue
        if folder in NO_TORCH and re.match(r"<(torch|ATen|c10)/", vendor):
            problems.append(f"{name}:{number}: {vendor} in {folder}/, which "
                            "must build without LibTorch")
        for pattern, where in WRAPPED.items():
            if re.match(pattern, vendor) and not re.match(where, name):
                problems.append(f"{name}:{number}: {vendor} belongs in its "
                                f"wrapper only ({where})")


if __name__ == "__main__":
    sys.exit(main())
