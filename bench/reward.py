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
    """What the pipeline computes, as fast as NumPy can: no loop over rows, one
    selection a side instead of a sort."""

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

    def unit(self, rows):
        np = self.np
        squares = np.einsum("ij,ij->i", rows, rows)
        if not np.isfinite(squares).all() or not squares.all():
            raise SystemExit("an embedding cannot be used")
        return rows * (1 / np.sqrt(squares))[:, None]

    def compare(self, similarity):
        np = self.np
        border = np.partition(similarity, ROWS - GROUP, axis=1)[:, ROWS - GROUP]
        blocks = similarity.reshape(PAIRS, GROUP, PAIRS, GROUP)
        own = blocks[np.arange(PAIRS), :, np.arange(PAIRS)].reshape(ROWS, GROUP)
        own_sum = own.sum(axis=1)
        ranking = (own >= border[:, None]).sum(axis=1) / GROUP
        rest = similarity.sum(axis=1) - own_sum
        return ranking, own_sum / GROUP - rest / (ROWS - GROUP)

    def score(self):
        np = self.np
        query, target = (self.unit(rows) for rows in self.sides)
        np.matmul(query, target.T, out=self.similarity)
        rewards = []
        for similarity in (self.similarity,
                           np.ascontiguousarray(self.similarity.T)):
            form = np.array([has_format(text) for text in self.texts], float)
            ranking, margin = self.compare(similarity)
            rewards.append(form + ranking * margin)
        return rewards


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
    peer = NumpyReward(load_numpy())
    ours = subprocess.Popen([options.build / "bin/ume_bench_reward"], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    measured = []
    for turn in range(ROUNDS + 3):
        print(file=ours.stdin, flush=True)
        round_ = [float(word) for word in ours.stdout.readline().split()]
        round_ += [seconds(peer.product), seconds(peer.score)]
        if turn >= 3:
            measured.append(round_)
        if turn == 0 and blas_of(ours.pid) != blas_of("self"):
            raise SystemExit(f"another BLAS: {blas_of(ours.pid)}, NumPy has "
                             f"{blas_of('self')}")
    ours.stdin.close()
    if ours.wait(60) != 0:
        raise SystemExit("ume_bench_reward failed")
    middle = statistics.median
    product, score, np_product, np_score = (middle(c) for c in zip(*measured))
    figure("reward.product", 1e3 * product, "ms", "512 x 512 x 1536, sgemm")
    figure("reward.score", 1e3 * score, "ms", "all published terms, both sides")
    figure("reward.score_over_product",
           middle(r[1] / r[0] for r in measured), "x", "goal: at most 1.3")
    figure("reward.numpy_score", 1e3 * np_score, "ms",
           f"its product: {1e3 * np_product:.3g} ms")
    figure("reward.beyond_product_numpy_over_ours",
           (np_score - np_product) / (score - product), "x",
           "goal: at least 3; the same OpenBLAS")


if __name__ == "__main__":
    main()
