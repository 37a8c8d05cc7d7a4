"""Records of the published file formats, and their JSON lines."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from builder import texts

Item = TypeVar("Item")


@dataclass(frozen=True)
class Content:
    """What one side shows: a text, and at most one picture or one clip."""

    text: str
    image: str = ""
    video: tuple[str, ...] = ()

    @property
    def media_mark(self) -> str:
        return "<image>" if self.image else "<video>" if self.video else ""


@dataclass(frozen=True)
class Side:
    """A side of a training pair: what it shows and what is written."""

    content: Content
    completion: str


@dataclass(frozen=True)
class Pair:
    """A query and its target. `subject` is unique within a block."""

    task: str
    query: Side
    target: Side
    subject: str = field(default="", compare=False)


def sft_side(content: Content, user: str, completion: str) -> dict[str, Any]:
    side: dict[str, Any] = {}
    if content.image:
        side["image"] = content.image
    if content.video:
        side["video"] = list(content.video)
    side["conversations"] = [
        {"from": "human", "value": content.media_mark + user},
        {"from": "gpt", "value": completion},
    ]
    return side


def sft_record(pair: Pair) -> dict[str, Any]:
    return {
        "dataset_name": pair.task,
        **{key: sft_side(side.content, texts.user_text(side.content.text),
                         side.completion)
           for key, side in (("qry", pair.query), ("pos", pair.target))},
    }


def rl_record(pair: Pair, identifier: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "dataset_name": pair.task,
        "qry_text": pair.query.content.text,
        "qry_image": pair.query.content.image,
        "pos_text": pair.target.content.text,
        "pos_image": pair.target.content.image,
        "solution": "<embedding>",
    }


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """One compact JSON object a line; returns the number of lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with open(path, "w", encoding="utf-8") as sink:
        for row in rows:
            sink.write(json.dumps(row, ensure_ascii=False,
                                  separators=(",", ":")))
            sink.write("\n")
            count += 1
    return count


class Deck(Generic[Item]):
    """Deals items evenly: every one once before any comes again.

    An item that does not fit the hand waits for a later one; where more than
    `max_waiting` wait, the newest is skipped.
    """

    def __init__(self, items: Iterable[Item], draw: random.Random,
                 max_waiting: int = 64) -> None:
        self._items = list(items)
        self._draw = draw
        self._max_waiting = max_waiting
        self._fresh: list[Item] = []
        self._waiting: list[Item] = []

    def deal(self, fits: Callable[[Item], bool] = lambda _: True) -> Item:
        for i, item in enumerate(self._waiting):
            if fits(item):
                return self._waiting.pop(i)
        for _ in range(4 * len(self._items)):
            if not self._fresh:
                self._fresh = self._draw.sample(self._items, len(self._items))
            item = self._fresh.pop()
            if fits(item):
                return item
            if len(self._waiting) < self._max_waiting:
                self._waiting.append(item)
        raise RuntimeError("no item of the deck fits")
