"""base.jsonl: what a pretrained model would know, for language loss only.

Each record holds two unrelated lines (`qry` and `pos`). A line is a question
in the example's words and its answer: names of pictures, English names of
foreign ones, facts, sizes. No line takes two hops, and nothing of a held-out
code point occurs.
"""

import random
from collections.abc import Iterator
from typing import Any

from builder import splits, texts
from builder.records import Content, Deck, sft_side
from builder.world import ALL_MOTIONS, World

NUM_TEXT_LINES = 40  # a block
NUM_PICTURE_LINES = 32
RECORDS_PER_BLOCK = (NUM_TEXT_LINES + NUM_PICTURE_LINES) // 2

Line = tuple[Content, str]


def _line(text: str, answer: str) -> Line:
    return Content(text), f" {answer}"


class _TextLines:
    """16 names of countries, 6 of emoji, 16 facts and 2 sizes a block."""

    def __init__(self, world: World) -> None:
        draw = splits.stream("base", "text")
        names = [_line(texts.country_query(form, "name"), c.name)
                 for c in world.countries for form in c.forms.values()]
        words = [_line(texts.word_query(form, "name"), e.name)
                 for e in world.emojis.train for form in e.forms.values()]
        known = [_line(texts.country_query(c.name, r),
                       texts.careful_trace(c.name, r, value))
                 for c in world.countries for r, value in c.facts.items()]
        sizes = [_line(texts.country_query(c.name, "size"),
                       texts.careful_trace(c.name, "size", str(c.size)))
                 for c in world.countries]
        self._decks = [(Deck(names, draw), 16), (Deck(words, draw), 6),
                       (Deck(known, draw), 16), (Deck(sizes, draw), 2)]

    def block(self) -> list[Line]:
        return [deck.deal() for deck, count in self._decks
                for _ in range(count)]


class _PictureLines:
    """18 flags, 10 emoji (3 in the second style), 2 pages, 2 clips a block."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._draw = splits.stream("base", "pictures")
        flags = [(f"flag/{c.code}", c.name) for c in world.countries]
        noto = [(f"noto/{e.code}", e.name) for e in world.emojis.train]
        styled = [(f"openmoji/{e.code}", e.name)
                  for e in world.drawn(world.emojis.train)] or noto
        self._views = [(Deck(flags, self._draw), 18),
                       (Deck(noto, self._draw), 7),
                       (Deck(styled, self._draw), 3)]
        self._pages = Deck(world.train_pages, self._draw)
        self._clips = Deck([(e, m) for e in world.clip_emojis()
                            for m in ALL_MOTIONS], self._draw)

    def block(self) -> list[Line]:
        world = self._world
        lines: list[Line] = []
        for deck, count in self._views:
            for _ in range(count):
                source, name = deck.deal()
                view = world.train_view(source, self._draw.randrange(10**6))
                lines.append((Content("name", image=view), f" {name}"))
        for _ in range(2):
            page = self._pages.deal()
            contents = texts.page_contents([e.name for e in page.emojis])
            lines.append((Content("page", image=page.path), f" {contents}"))
        for _ in range(2):
            emoji, motion = self._clips.deal()
            lines.append((world.clip(emoji, motion),
                          f" {texts.clip_answer(emoji.name, motion)}"))
        return lines


def _paired(lines: list[Line], name: str,
            draw: random.Random) -> list[dict[str, Any]]:
    draw.shuffle(lines)
    sides = [sft_side(c, c.text, answer) for c, answer in lines]
    return [{"dataset_name": name, "qry": q, "pos": p}
            for q, p in zip(sides[::2], sides[1::2])]


def base_records(world: World) -> Iterator[dict[str, Any]]:
    """Blocks of 36 records, text and pictures evenly mixed within a block."""
    text, pictures = _TextLines(world), _PictureLines(world)
    draw = splits.stream("base", "order")
    for _ in range(world.options.base_blocks):
        halves = (_paired(text.block(), "base_text", draw),
                  _paired(pictures.block(), "base_picture", draw))
        placed = [((i + 0.5) / len(half), record)
                  for half in halves for i, record in enumerate(half)]
        yield from (r for _, r in sorted(placed, key=lambda p: p[0]))
