"""Who is trained on what: combinations of the countries, code points."""

import random
from dataclasses import dataclass, replace

from builder.facts import Country, Emoji

SEED = 20261  # the trials in the literature of this example used others


def stream(*name: object) -> random.Random:
    """An independent random stream for each name; the same on every machine."""
    return random.Random("/".join(str(part) for part in (SEED, *name)))


@dataclass(frozen=True)
class Combination:
    """A country and a relation; the unit of the two-hop split."""

    country: str  # region code
    relation: str

    @property
    def key(self) -> str:
        return f"{self.country}-{self.relation}"


# Shares of the two-hop combinations; what is left over is the test split.
_COMBINATION_SHARES = {"sft": 0.5, "rl": 0.2, "dev": 0.08}


def split_combinations(
        countries: list[Country]) -> dict[str, list[Combination]]:
    """All (country, relation) pairs, shuffled, cut into sft, rl, dev, test."""
    pairs = [Combination(c.code, r) for c in countries for r in c.facts]
    stream("combinations").shuffle(pairs)
    cut, start = {}, 0
    for name, share in _COMBINATION_SHARES.items():
        stop = start + int(len(pairs) * share)
        cut[name] = pairs[start:stop]
        start = stop
    cut["test"] = pairs[start:]
    return cut


@dataclass(frozen=True)
class EmojiSplit:
    """One split of the code points, over all tasks, styles and languages."""

    train: list[Emoji]
    dev: list[Emoji]
    test: list[Emoji]

    def all(self) -> list[Emoji]:
        return sorted(self.train + self.dev + self.test, key=lambda e: e.code)


def _without_names(emoji: Emoji, names: set[str]) -> Emoji:
    """The emoji without keywords that name one of the held-out ones."""
    clues = [*emoji.keywords, emoji.subgroup, "picture"]
    kept = [k for k in clues[:-2] if k.lower() not in names]
    spare = next(k for k in clues[-2:] if k.lower() not in names)
    return replace(emoji, keywords=tuple(kept or [spare]))


def split_emojis(emojis: list[Emoji]) -> EmojiSplit:
    """About 15 % test, 6 % dev."""
    order = list(emojis)
    stream("emojis").shuffle(order)
    num_test = max(2, round(len(order) * 0.146))
    num_dev = max(2, round(len(order) * 0.0625))
    held_out = num_test + num_dev
    names = {e.name.lower() for e in order[:held_out]}
    return EmojiSplit(
        train=[_without_names(e, names) for e in order[held_out:]],
        dev=order[num_test:held_out], test=order[:num_test])
