#!/usr/bin/env python3
"""A cohort of 64 pairs x 8 x 2 at dimension 1536, scored with all published
terms, against its similarity product and against NumPy: same OpenBLAS, one
thread each, CPU time, in turn in one run."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

from figures import figure

ROUNDS = 41
PAIRS, GROUP, DIM = 64, 8, 1536
ROWS = PAIRS * GROUP
TAGS = ("<think>", "</think>", "<answer>", "<gen_emb>")


def load_numpy():
    """NumPy, from Debian's interpreter where this one has none: it uses the
    system's BLAS, as our programs do."""
    try:
        import numpy
        return numpy
    except ImportError:
        if sys.executable == "/usr/bin/python3":
            raise SystemExit("needs python3-numpy")
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])


def blas_of(pid):
    """The OpenBLAS that a process has mapped."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    return {os.path.realpath(line.split()[-1]) for line in maps.splitlines()
            if "libopenblas" in line}


def has_format(text):
    at = 0
    for tag in TAGS:
        at = text.find(tag, at)
        if at < 0:
            return False
        at += len(tag)
    return True


class NumpyReward:
    """What the pipeline computes, but for ties and statistics, as fast as NumPy
    can: no loop over rows, lengths put into the similarities instead of a copy
    of the rows. The ranking comes in two ways: `partition` selects each row's
    border, as one writes it; `bisection` is our own algorithm, which counts
    what is above an own similarity, eight comparisons a word. The texts are
    looked through by a loop of Python's own, which is timed apart too."""

    def __init__(self, np):
        self.np = np
        rng = np.random.default_rng(1)
        centre = np.repeat(rng.normal(size=(PAIRS, DIM)), GROUP, axis=0)
        self.sides = [(centre + 4 * rng.normal(size=(ROWS, DIM))).astype("f4")
                      for _ in range(2)]
        self.texts = ["<think>" + "a" * 600 + "</think><answer>b<gen_emb>"] * ROWS
        self.similarity = np.empty((ROWS, ROWS), "f4")

    def product(self):
        self.np.matmul(self.sides[0], self.sides[1].T, out=self.similarity)

    def scale(self, rows):
        np = self.np
        squares = np.einsum("ij,ij->i", rows, rows)
        if not np.isfinite(squares).all() or not squares.all():
            raise SystemExit("an embedding cannot be used")
        return 1 / np.sqrt(squares)

    def partition(self, similarity, own):
        border = self.np.partition(similarity, ROWS - GROUP, axis=1)
        return (own >= border[:, ROWS - GROUP, None]).sum(axis=1)

    def bisection(self, similarity, own):
        np = self.np
        own = -np.sort(-own, axis=1)
        low, high = np.zeros(ROWS, int), np.full(ROWS, GROUP)
        for _ in range(GROUP.bit_length()):
            middle = (low + high + 1) // 2
            bound = own[np.arange(ROWS), np.maximum(middle - 1, 0)]
            above = (similarity > bound[:, None]).view(np.uint64).sum(axis=1)
            among = above.view(np.uint8).reshape(ROWS, 8).sum(axis=1) < GROUP
            low = np.where(among, middle, low)
            high = np.where(among, high, middle - 1)
        return low

    def compare(self, similarity, hits):
        np = self.np
        blocks = similarity.reshape(PAIRS, GROUP, PAIRS, GROUP)
        own = blocks[np.arange(PAIRS), :, np.arange(PAIRS)].reshape(ROWS, GROUP)
        own_sum = own.sum(axis=1)
        ranking = hits(similarity, own) / GROUP
        rest = similarity.sum(axis=1) - own_sum
        return ranking, own_sum / GROUP - rest / (ROWS - GROUP)

    def score(self, hits):
        np = self.np
        query, target = (self.scale(rows) for rows in self.sides)
        self.product()
        self.similarity *= query[:, None]
        self.similarity *= target
        rewards = []
        for similarity, form in zip((self.similarity,
                                     np.ascontiguousarray(self.similarity.T)),
                                    self.forms()):
            ranking, margin = self.compare(similarity, hits)
            rewards.append(form + ranking * margin)
        return rewards

    def forms(self):
        """A loop of Python's own over the texts, which NumPy cannot make
        faster: timed by itself as well."""
        return [self.np.array([has_format(text) for text in self.texts], float)
                for _ in range(2)]


def seconds(work):
    """CPU time of this thread, so that a busy machine does not count."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    options = parser.parse_args()
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    np = load_numpy()
    peer = NumpyReward(np)
    if not np.array_equal(peer.score(peer.partition),
                          peer.score(peer.bisection)):
        raise SystemExit("NumPy's two rankings differ")
    ours = subprocess.Popen([options.build / "bin/ume_bench_reward"], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    measured = []
    for turn in range(ROUNDS + 3):
        print(file=ours.stdin, flush=True)
        round_ = [float(word) for word in ours.stdout.readline().split()]
        round_ += [seconds(peer.product),
                   seconds(lambda: peer.score(peer.partition)),
                   seconds(lambda: peer.score(peer.bisection)),
                   seconds(peer.forms)]
        if turn >= 3:
            measured.append(round_)
        if turn == 0 and blas_of(ours.pid) != blas_of("self"):
            raise SystemExit(f"another BLAS: {blas_of(ours.pid)}, NumPy has "
                             f"{blas_of('self')}")
    ours.stdin.close()
    if ours.wait(60) != 0:
        raise SystemExit("ume_bench_reward failed")
    middle = statistics.median
    # Ours: product, score, its texts; NumPy's: product, two scores, their texts.
    product, score, _, np_product, *_ = (middle(c) for c in zip(*measured))
    beyond = middle(r[1] - r[0] for r in measured)
    numbers = middle(r[1] - r[0] - r[2] for r in measured)
    figure("reward.product", 1e3 * product, "ms", "512 x 512 x 1536, sgemm")
    figure("reward.score", 1e3 * score, "ms", "all published terms, both sides")
    figure("reward.score_over_product",
           middle(r[1] / r[0] for r in measured), "x", "goal: at most 1.3")
    figure("reward.beyond", 1e3 * beyond, "ms", "of it beyond the product")
    figure("reward.texts", 1e3 * middle(r[2] for r in measured), "ms",
           "of that, the 1,024 texts")
    figure("reward.numpy_product", 1e3 * np_product, "ms", "the same OpenBLAS")
    figure("reward.numpy_texts", 1e3 * middle(r[6] for r in measured), "ms",
           "the texts, in a loop of Python's")
    for name, at in (("partition", 4), ("bisection", 5)):
        figure(f"reward.numpy_{name}", 1e3 * middle(r[at] for r in measured),
               "ms", "its score, ranked in that way")
        figure(f"reward.beyond_{name}",
               middle(r[at] - r[3] for r in measured) / beyond, "x",
               "NumPy's beyond the product over ours; goal: at least 3")
        figure(f"reward.numbers_{name}",
               middle(r[at] - r[3] - r[6] for r in measured) / numbers, "x",
               "the same without the texts on both sides")


if __name__ == "__main__":
    main()
