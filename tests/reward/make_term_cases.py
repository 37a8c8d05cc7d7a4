#!/usr/bin/env python3
"""Writes tests/fixtures/reward/term_cases.json: reference values of the terms
and of their composition, in NumPy and plain Python, sharing nothing with the
C++ sources. Run by hand, with NumPy:  /usr/bin/python3 tests/reward/make_term_cases.py"""
import collections
import json
import re

import numpy as np

rng = np.random.default_rng(20260105)
WORDS = ["red", "Blue", "sky", "tree", "Euro", "42", "house"]


def words(text):
    return [w.lower() for w in re.findall(r"[A-Za-z0-9]+|[^\x00-\x7f]", text)]


def f1(a, b):
    if not a or not b:
        return 0.0
    common = sum((collections.Counter(a) & collections.Counter(b)).values())
    return 2.0 * common / (len(a) + len(b))


def completion():
    think = " ".join(rng.choice(WORDS, rng.integers(0, 9)))
    answer = ", ".join(rng.choice(WORDS, rng.integers(0, 4))) + rng.choice(["", " é", "."])
    tail = rng.choice(["<gen_emb>", ""], p=[0.8, 0.2])
    return f"<think>{think}</think><answer>{answer}{tail}"


def answer_of(text):
    return text.split("<answer>")[1].split("<")[0]


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def retrieval(s, own, allowed):
    """Of one row: ndcg, hardest_negative_margin, ranking, margin, and whether
    there is a negative. own, allowed: boolean masks over the columns."""
    if not allowed.any():
        return None
    kept = np.where(own | allowed)[0]
    order = kept[np.lexsort((kept, -s[kept]))]
    gain = own[order].astype(float)
    discount = 1.0 / np.log2(np.arange(2, len(order) + 2))
    k = int(own.sum())
    return {
        "retrieval_ndcg": float((gain * discount).sum() / discount[:k].sum()),
        "hardest_negative_margin": float(s[own].mean() - s[allowed].max()),
        "ranking": float(gain[:k].sum() / k),
        "margin": float(s[own].mean() - s[allowed].mean()),
    }


def gdpo(components, weights, groups):
    total = np.zeros(len(groups))
    for name, weight in weights.items():
        values = np.array(components[name])
        for g in np.unique(groups):
            rows = groups == g
            v = values[rows]
            total[rows] += weight * (v - v.mean()) / (v.std(ddof=1) + 1e-4)
    return (total - total.mean()) / (total.std(ddof=1) + 1e-4)


def case(name, pairs, group, dim, tied):
    rows = pairs * group
    groups = np.arange(rows) // group
    draw = (lambda *shape: rng.integers(-1, 2, shape) + 0.0) if tied else (
        lambda *shape: rng.normal(size=shape))
    sides = {}
    for side in ("query", "target"):
        emb = draw(rows, dim)
        emb[np.abs(emb).sum(1) == 0] = 1.0
        disc = rng.normal(size=(pairs, dim))
        sides[side] = {
            "texts": [completion() for _ in range(rows)],
            "embeddings": emb.astype(np.float32),
            "disc": disc.astype(np.float32),
            "tokens": rng.integers(1, 60, rows),
        }
    sources = [str(rng.choice(["flags", "animals"])) for _ in range(pairs)]
    sources[0], sources[1] = "flags", "flags"
    digests = {s: [f"{s} {i}" for i in range(pairs)] for s in sides}
    digests["target"][2] = digests["target"][0]
    digests["query"][3] = digests["query"][1]
    out = {"name": name, "num_groups": pairs, "group_size": group, "dim": dim,
           "sources": sources, "digests": digests, "threshold": 0.25,
           "max_tokens": 40, "buffer_tokens": 16, "ngram": 2, "sides": {}}

    def allowed_pairs(p, mode):
        others = np.arange(pairs) != p
        if mode == "same_source":
            others &= np.array([s == sources[p] for s in sources])
        if mode == "exclude_duplicates":
            for s in digests:
                others &= np.array([d != digests[s][p] for d in digests[s]])
        return others

    for side, other in (("query", "target"), ("target", "query")):
        a, b = sides[side], sides[other]
        # Products of the unit rows in single precision decide ties, as they do
        # for any implementation; tied cases have exact ones.
        s = (a["embeddings"] @ b["embeddings"].T if tied else
             unit(a["embeddings"].astype(float)) @ unit(b["embeddings"].astype(float)).T)
        if tied:
            s = s / (np.linalg.norm(a["embeddings"], axis=1)[:, None] *
                     np.linalg.norm(b["embeddings"], axis=1)[None, :])
        d = unit(a["embeddings"].astype(float)) @ unit(b["disc"].astype(float)).T
        expected = {m: collections.defaultdict(list) for m in
                    ("all", "same_source", "exclude_duplicates")}
        for mode, columns in expected.items():
            for i in range(rows):
                mask = allowed_pairs(groups[i], mode)
                scored = retrieval(s[i], groups == groups[i], mask[groups])
                for key in ("retrieval_ndcg", "hardest_negative_margin", "ranking", "margin"):
                    columns[key].append(scored[key] if scored else None)
                columns["disc_guided"].append(
                    float(d[i, groups[i]] - d[i, mask].mean()) if scored else None)
        flat = expected["all"]
        for i in range(rows):
            text = a["texts"][i]
            own = s[i][groups == groups[i]]
            flat["threshold"].append(float((own >= out["threshold"]).mean()))
            flat["answer_overlap"].append(float(np.mean(
                [f1(words(answer_of(text)), words(answer_of(t)))
                 for t in np.array(b["texts"])[groups == groups[i]]])))
            over = int(a["tokens"][i]) - (40 - 16)
            flat["length"].append(-1.0 if a["tokens"][i] > 40 else -max(0, over) / 16)
            w = words(text)
            grams = list(zip(w, w[1:]))
            flat["repetition"].append(len(set(grams)) / len(grams) - 1.0 if grams else 0.0)
        weights = {"margin": 2.0, "answer_overlap": 0.5, "length": 1.0}
        flat["gdpo"] = gdpo(flat, weights, groups).tolist()
        out["sides"][side] = {
            "texts": a["texts"], "tokens": a["tokens"].tolist(),
            "embeddings": a["embeddings"].tolist(), "disc": a["disc"].tolist(),
            "expected": expected}
    return out


cases = [case("random", 6, 3, 7, False), case("random_groups_of_ten", 5, 10, 12, False),
         case("tied", 5, 4, 1, True)]
with open("tests/fixtures/reward/term_cases.json", "w") as f:
    json.dump(cases, f)
    f.write("\n")
