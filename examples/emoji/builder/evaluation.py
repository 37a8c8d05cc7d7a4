"""Evaluation sets: queries, candidate pools and the list of tasks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import splits, texts
from builder.country_tasks import CountryTasks
from builder.emoji_tasks import EmojiTasks, page_questions
from builder.facts import Emoji
from builder.records import Content, Pair, write_lines
from builder.world import ALL_MOTIONS, World


@dataclass(frozen=True)
class Query:
    """One row; rows of a cluster are not independent of each other."""

    pair: Pair
    cluster: str
    form: str  # "text" or "flag" for countries, else the kind of media


@dataclass(frozen=True)
class Task:
    name: str
    split: str
    queries: list[Query]
    pool: list[Content]
    description: str
    unseen: str  # what training has not shown
    primary: bool = False


def _media(content: Content) -> dict[str, Any] | None:
    paths = list(content.video) or ([content.image] if content.image else [])
    if not paths:
        return None
    return {"bytes": [None] * len(paths), "paths": paths,
            "resolutions": [None] * len(paths)}


def _marked_text(content: Content) -> str:
    """The text with the place-holder that tells the kind of media."""
    mark = ("<|image_pad|> " if content.image
            else "<|video_pad|> " if content.video else "")
    return mark + content.text


def candidate_name(content: Content) -> str:
    return content.image or content.text


def _query_row(task: Task, index: int, query: Query) -> dict[str, Any]:
    shown, wanted = query.pair.query.content, query.pair.target.content
    label = candidate_name(wanted)
    return {
        "id": f"{task.split}-{task.name}-{index:04}",
        "task": task.name, "cluster": query.cluster, "form": query.form,
        "query_text": [_marked_text(shown)], "query_image": [_media(shown)],
        "cand_text": [_marked_text(wanted)], "cand_image": [_media(wanted)],
        "dataset_infos": {"cand_names": [label], "label_name": label},
    }


def _candidate_row(content: Content) -> dict[str, Any]:
    return {"cand_text": [_marked_text(content)],
            "cand_image": [_media(content)],
            "dataset_infos": {"cand_name": candidate_name(content)}}


def _sample(items: list[Any], count: int, *name: str) -> list[Any]:
    order = list(items)
    splits.stream("eval", *name).shuffle(order)
    return order[:count]


class _Countries:
    """The tasks about countries."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks = CountryTasks(world)
        self._rows = world.options.eval_rows * 3 // 2

    def _two_hops(self, part: str, view: str) -> list[Query]:
        tasks = self._tasks
        return [Query(tasks.two_hop_pair(c, form), c.key,
                      "flag" if form.image else "text")
                for c in self._world.combinations[part]
                for form in tasks.all_forms(tasks.country(c), view)]

    def tasks(self) -> Iterator[Task]:
        tasks, pool = self._tasks, self._tasks.all_targets()
        yield Task("two_hop", "test", self._two_hops("test", "test0"), pool,
                   "flag or foreign name + relation -> value",
                   "the combination as two hops", primary=True)
        yield Task("two_hop", "dev", self._two_hops("dev", "dev"), pool,
                   "flag or foreign name + relation -> value",
                   "the combination as two hops", primary=True)
        seen = _sample(self._two_hops("sft", "test0"), self._rows, "seen")
        yield Task("two_hop_seen", "test", seen, pool,
                   "the same on combinations of the SFT set",
                   "the view of the flag")
        known = [c for part in self._world.combinations.values() for c in part]
        yield Task("fact", "test", [
            Query(tasks.fact_pair(c), c.key, "text")
            for c in _sample(known, self._rows, "fact")], pool,
            "English name + relation -> value", "nothing")
        forms = [Query(tasks.name_pair(c, form), c.code,
                       "flag" if form.image else "text")
                 for c in self._world.countries
                 for form in tasks.all_forms(c, "test0")]
        yield Task("country_name", "test",
                   _sample(forms, self._rows, "country_name"),
                   name_pool(self._world), "flag or foreign name -> name",
                   "the view of the flag")


def name_pool(world: World) -> list[Content]:
    """English names of all emoji and countries."""
    return CountryTasks(world).name_targets() + [
        Content(texts.value_target("name", e.name)) for e in world.emojis.all()]


class _Emojis:
    """The breadth tasks on one split of the code points."""

    def __init__(self, world: World, split: str, view: str) -> None:
        self._world, self._split, self._view = world, split, view
        self._tasks = EmojiTasks(
            world, lambda name: world.pictures.view(name, view))
        self._rows = world.options.eval_rows
        self._names = name_pool(world)
        self._unseen = "the code point, in every task"

    def _task(self, name: str, pairs: list[tuple[Pair, Emoji]],
              pool: list[Content], description: str) -> Task:
        kept = _sample(pairs, self._rows, self._split, name)
        queries = [Query(pair, emoji.code, _kind(pair)) for pair, emoji in kept]
        return Task(name, self._split, queries, pool, description,
                    self._unseen)

    def picture_name(self, emojis: list[Emoji]) -> Task:
        return self._task(
            "picture_name", [(self._tasks.picture_name(e), e) for e in emojis],
            self._names, "picture -> name")

    def word_name(self, emojis: list[Emoji]) -> Task:
        return self._task(
            "word_name", [(self._tasks.word_name(e, l), e) for e in emojis
                          for l in e.forms],
            self._names, "foreign name -> English name")

    def word_picture(self, emojis: list[Emoji]) -> Task:
        pool = [self._tasks.picture_target(e, "noto").content
                for e in self._world.emojis.all()]
        return self._task(
            "word_picture", [(self._tasks.word_picture(e), e) for e in emojis],
            pool, "name -> picture")

    def style(self, emojis: list[Emoji]) -> Task:
        pool = [self._tasks.picture_target(e, "openmoji").content
                for e in self._world.drawn(self._world.emojis.all())]
        return self._task(
            "style", [(self._tasks.style(e), e)
                      for e in self._world.drawn(emojis)],
            pool, "picture -> the same in another drawing style")

    def clips(self, emojis: list[Emoji]) -> Iterator[Task]:
        named = [(self._tasks.clip_name(e, m), e)
                 for e in emojis for m in ALL_MOTIONS]
        yield self._task("clip_name", named,
                         [p.target.content for p, _ in named],
                         "clip -> what moves, and how")
        moved = [(self._tasks.clip_motion(e, m), e)
                 for e in emojis for m in ALL_MOTIONS]
        yield self._task("clip_motion", moved,
                         [Content(texts.value_target("motion", m))
                          for m in ALL_MOTIONS], "clip -> motion")

    def pages(self, name: str, emojis: list[Emoji]) -> Iterator[Task]:
        pages = self._world.eval_pages(name, emojis)
        asked = [(p, q) for p in pages for q in page_questions(p.emojis)]
        counts = [(self._tasks.page_count(p.path, p.emojis, q), q.asked)
                  for p, q in asked]
        yield self._task("page_count", counts,
                         [Content(texts.value_target("count", w))
                          for w in texts.NUMBER_WORDS[1:4]],
                         "page + name -> how many of it")
        beside = [(self._tasks.page_beside(p.path, p.emojis, q), q.asked)
                  for p, q in asked if q.beside]
        yield self._task("page_beside", beside, self._names,
                         "page + name -> what is beside it")
        found = [(self._tasks.page_find(p.path, p.emojis), p.emojis[0])
                 for p in pages]
        yield self._task("page_find", found,
                         [pair.target.content for pair, _ in found],
                         "contents -> page")


def _kind(pair: Pair) -> str:
    content = pair.query.content
    return "video" if content.video else "image" if content.image else "text"


def _known(task: Task, unseen: str) -> Task:
    return Task(f"{task.name}_known", task.split, task.queries, task.pool,
                f"{task.description}, code points of the training set", unseen)


def _breadth(world: World) -> Iterator[Task]:
    split = world.emojis
    test = _Emojis(world, "test", "test0")
    yield test.picture_name(split.test)
    yield _known(test.picture_name(split.train), "the view")
    yield test.word_name(split.test)
    yield test.word_picture(split.test)
    if world.has_style:
        yield test.style(split.test)
    yield from test.clips(split.test)
    yield from test.pages("test", split.test)
    for task in test.pages("known", split.train):
        if task.name == "page_beside":
            yield _known(task, "the page")
    dev = _Emojis(world, "dev", "dev")
    yield dev.picture_name(split.dev)
    yield dev.word_name(split.dev)


def _listing(task: Task, names: set[str]) -> dict[str, Any]:
    return {
        "name": task.name, "split": task.split, "primary": task.primary,
        "description": task.description, "unseen": task.unseen,
        "queries": f"{task.split}/{task.name}_queries.jsonl",
        "candidates": f"{task.split}/{task.name}_candidates.jsonl",
        "num_queries": len(task.queries), "num_candidates": len(names),
        "num_clusters": len({q.cluster for q in task.queries}),
        "metric": "hit@1", "ranking": "global", "chance": 1 / len(names),
    }


def write_evaluation(root: Path, world: World) -> dict[str, int]:
    """Writes eval/; paths in its rows are relative to `root`."""
    folder, listing = root / "eval", []
    for task in [*_Countries(world).tasks(), *_breadth(world)]:
        pool = {candidate_name(c): c for c in task.pool}
        entry = _listing(task, set(pool))
        write_lines(folder / entry["queries"],
                    (_query_row(task, i, q)
                     for i, q in enumerate(task.queries)))
        write_lines(folder / entry["candidates"],
                    (_candidate_row(c) for c in pool.values()))
        listing.append(entry)
    (folder / "tasks.json").write_text(json.dumps(
        {"media_root": "..", "template": "minimal", "tasks": listing},
        indent=1) + "\n")
    return {f"{t['split']}/{t['name']}": t["num_queries"] for t in listing}
