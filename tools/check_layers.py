#!/usr/bin/env python3
"""Keeps the folder order. Fails

- when an ume_library(... DEPS ...) names a target of a folder that its own
  folder may not use, by the table below;
- when a file includes a folder that its own folder may not use, another
  folder's internal/ or ume-media's sources, LibTorch where it must not be
  needed, or a vendor's header outside its wrapper files;
- when the subfolders of one folder include each other in a circle. What lies
  right in the folder may use them and be used by them."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Who may include whom (docs/contributing.md#folders). A folder names only
# folders above it, so that the order has no circle.
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
    r"<mpi\.h>": r"^common/collective/mpi_\w+\.(h|cpp)$",
    r"<zmq\.hpp?>": r"^common/wire/zmq_\w+\.(h|cpp)$",
    r"<sqlite3\.h>": r"^coordinator/ledger/sqlite_\w+\.(h|cpp)$",
    r"<microhttpd\.h>": r"^common/http/http_\w+\.cpp$",
    r"<curl/": r"^common/http/curl_\w+\.cpp$",
    # Decoders of hostile files, GPL builds: only in the program ume-media.
    r"<lib(av\w+|swscale)/": r"^data/child/\w+\.(h|cpp)$",
    r"<poppler-": r"^data/child/\w+\.cpp$",
    r"<seccomp\.h>": r"^data/child/\w+\.cpp$",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([\w/.+-]+)"|(<[^>]+>))')
LIBRARY = re.compile(r"ume_library\(\s*(\w+)(.*?)\)", re.S)
DEPS = re.compile(r"\bDEPS\s+((?:\w+\s*)+?)(?=\b[A-Z]{4,}\b|$)")


def libraries(root):
    """(folder, target, its DEPS) of every library: a folder has its own and
    may have more, as common_mpi."""
    for folder in ALLOWED:
        path = root / folder / "CMakeLists.txt"
        if not path.is_file():
            continue
        for target, body in LIBRARY.findall(path.read_text()):
            match = DEPS.search(body)
            yield folder, target, match.group(1).split() if match else []


def dependency_problems(root):
    found = list(libraries(root))
    folder_of = {target: folder for folder, target, _ in found}
    for folder, target, deps in found:
        for dep in deps:
            used = folder_of.get(dep)
            if used is None:
                yield (f"{folder}/CMakeLists.txt: {target}: DEPS {dep} is no "
                       "ume_library")
            elif used != folder and used not in ALLOWED[folder]:
                yield (f"{folder}/CMakeLists.txt: {target}: DEPS {dep} is not "
                       f"allowed; {folder} may use {sorted(ALLOWED[folder])}")


def includes(path):
    """(line number, our header or None, vendor's header or None)."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def sources(root, folder):
    for path in sorted((root / folder).rglob("*")):
        if path.suffix in {".h", ".cpp", ".cu"}:
            yield path.relative_to(root).as_posix(), path


def our_header_problem(name, header):
    folder = name.split("/")[0]
    top = header.split("/")[0]
    if header.startswith("data/child/") and not name.startswith("data/child/"):
        return (f"{header} belongs to ume-media alone; the others talk to it "
                "over a pipe")
    if top in ALLOWED and top != folder and top not in ALLOWED[folder]:
        return (f"includes {header}, but {folder}/ may use only "
                f"{sorted(ALLOWED[folder])}")
    if "/internal/" in header and top != folder:
        return f"{header} is internal to {top}/"
    return None


def vendor_header_problem(name, header):
    folder = name.split("/")[0]
    if header in AVOIDED:
        return f"include {AVOIDED[header]}"
    if folder in NO_TORCH and re.match(r"<(torch|ATen|c10)/", header):
        return f"{header} in {folder}/, which must build without LibTorch"
    for pattern, where in WRAPPED.items():
        if re.match(pattern, header) and not re.match(where, name):
            return f"{header} belongs in its wrapper only ({where})"
    return None


def include_problems(root):
    for folder in ALLOWED:
        for name, path in sources(root, folder):
            for number, ours, vendor in includes(path):
                problem = (our_header_problem(name, ours) if ours
                           else vendor_header_problem(name, vendor))
                if problem:
                    yield f"{name}:{number}: {problem}"
    for name, path in sources(root, "tests"):
        for number, _, vendor in includes(path):
            if vendor in AVOIDED:
                yield f"{name}:{number}: include {AVOIDED[vendor]}"


def subfolder(name):
    """`plan` of coordinator/plan/…; None right in coordinator/."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 else None


def subfolder_includes(root, folder):
    """{subfolder: {another one: the first place that includes it}}."""
    graph = {}
    for name, path in sources(root, folder):
        for number, ours, _ in includes(path):
            if not ours or ours.split("/")[0] != folder:
                continue
            user, used = subfolder(name), subfolder(ours)
            if user and used and user != used:
                graph.setdefault(user, {}).setdefault(
                    used, f"{name}:{number} includes {ours}")
    return graph


def find_circle(graph):
    """Names of one circle in order, or nothing."""
    done = set()

    def visit(node, path):
        if node in path:
            return path[path.index(node):]
        if node in done:
            return None
        done.add(node)
        for following in sorted(graph.get(node, {})):
            circle = visit(following, path + [node])
            if circle:
                return circle
        return None

    for node in sorted(graph):
        circle = visit(node, [])
        if circle:
            return circle
    return None


def circle_problems(root):
    for folder in ALLOWED:
        graph = subfolder_includes(root, folder)
        circle = find_circle(graph)
        if circle:
            places = [graph[a][b]
                      for a, b in zip(circle, circle[1:] + circle[:1])]
            yield (f"{folder}/: {', '.join(circle)} include each other:\n  " +
                   "\n  ".join(places))


def problems(root):
    yield from dependency_problems(root)
    yield from include_problems(root)
    yield from circle_problems(root)


def main():
    found = list(problems(ROOT))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
