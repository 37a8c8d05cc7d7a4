#!/usr/bin/env python3
"""The tokenizer beside PyPI's `tokenizers`: the real Qwen2 vocabulary, prose
of this machine's documentation, one thread each, in turn, in one run; all ids
are compared. Then texts built to be slow. Puts `tokenizers` into a virtual
environment under .cache/, which is no part of the product."""

import argparse
import array
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

from figures import alternate, figure

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODEL = ROOT / "tests/fixtures/parity/tokenizer"
PEER = "tokenizers==0.23.3"
TEXT_BYTES = 10_000_000
DOCUMENT_BYTES = 4096
ROUNDS = 5


def peer_python():
    folder = ROOT / ".cache" / "bench-tokenizers"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True)
    return python


def prose():
    """English sentences of installed documentation, as documents of about
    DOCUMENT_BYTES; each ends at a paragraph."""
    paragraphs, size = [], 0
    folders = ("/usr/share/common-licenses", "/usr/share/doc",
               "/usr/share/perl")
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix not in {"", ".txt", ".md", ".pod"}:
                continue
            if not path.is_file() or path.is_symlink():
                continue
            text = path.read_bytes().decode("utf-8", "replace")
            for part in text.split("\n\n"):
                # Lines of words, not tables, code or lists of names.
                words = re.findall(r"\b[a-z]{2,}\b", part)
                if len(part) > 200 and sum(map(len, words)) > 0.7 * len(part):
                    paragraphs.append(part.replace("\0", ""))
                    size += len(part)
            if size > TEXT_BYTES:
                break
        if size > TEXT_BYTES:
            break
    documents, current = [], ""
    for part in paragraphs:
        current += part + "\n\n"
        if len(current) >= DOCUMENT_BYTES:
            documents.append(current)
            current = ""
    return documents + [current] * bool(current)


class Ours:
    def __init__(self, program, documents, ids):
        self.child = subprocess.Popen(
            [program, MODEL, documents, ids], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.tokens = int(self.child.stdout.readline())
        self.seconds = []

    def round(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        self.seconds.append(float(self.child.stdout.readline().split()[0]))


def compare(program):
    import tokenizers
    peer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    texts = prose()
    size = sum(len(text.encode()) for text in texts)
    with tempfile.TemporaryDirectory() as folder:
        documents, ids = f"{folder}/documents", f"{folder}/ids"
        pathlib.Path(documents).write_bytes("\0".join(texts).encode())
        ours = Ours(program, documents, ids)
        found = array.array("q", pathlib.Path(ids).read_bytes())
    expected = array.array("q")
    for text in texts:
        expected.extend(peer.encode(text, add_special_tokens=False).ids)
    if found != expected:
        raise SystemExit("the ids differ from those of `tokenizers`")
    _, theirs = alternate(
        ROUNDS, ours.round,
        lambda: peer.encode_batch_fast(texts, add_special_tokens=False))
    mine = sorted(ours.seconds[1:])[ROUNDS // 2]
    figure("tokenizer.prose", size / 1e6 / mine, "MB/s",
           f"{len(texts)} documents, {size / 1e6:.1f} MB, {ours.tokens} ids, "
           "all equal")
    figure("tokenizer.prose_peer", size / 1e6 / theirs, "MB/s",
           f"{PEER}, encode_batch_fast, one thread")
    figure("tokenizer.prose_ratio", theirs / mine, "x", "ours over peer")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    program = parser.parse_args().build.resolve() / "bin/ume_bench_tokenizer"
    python = peer_python()
    if pathlib.Path(sys.prefix) != python.parents[1]:
        # The peer runs in this process; both get one thread.
        environment = dict(os.environ, RAYON_NUM_THREADS="1",
                           TOKENIZERS_PARALLELISM="false")
        sys.stdout.flush()
        os.execve(python, [str(python), *sys.argv], environment)
    compare(program)
    return subprocess.run([program, MODEL]).returncode


if __name__ == "__main__":
    sys.exit(main())
