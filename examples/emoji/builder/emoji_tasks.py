"""Pairs about everyday emoji: names, pictures, styles, clips and pages."""

from collections.abc import Callable
from dataclasses import dataclass

from builder import texts
from builder.facts import Emoji
from builder.records import Content, Pair, Side
from builder.world import World

View = Callable[[str], str]  # "noto/1F436" -> path of the view to show


@dataclass(frozen=True)
class PageQuestion:
    """A question about one emoji of a page and its answer."""

    asked: Emoji
    count: int
    beside: Emoji | None  # in the same row; None if unclear


def page_questions(cells: tuple[Emoji, ...]) -> list[PageQuestion]:
    """One question for each kind of picture on the page."""
    questions = []
    for emoji in dict.fromkeys(cells):
        places = [i for i, other in enumerate(cells) if other == emoji]
        other = places[0] ^ 1  # the other column of the same row
        clear = (len(places) == 1 and other < len(cells))
        questions.append(PageQuestion(emoji, len(places),
                                      cells[other] if clear else None))
    return questions


class EmojiTasks:
    """Makes pairs; `view` chooses the picture of a side."""

    def __init__(self, world: World, view: View) -> None:
        self._world = world
        self._view = view

    def _clues(self, emoji: Emoji) -> str:
        return texts.completion(" ".join(emoji.keywords), emoji.name)

    def _name_target(self, emoji: Emoji) -> Side:
        return Side(Content(texts.value_target("name", emoji.name)),
                    texts.completion("name", emoji.name))

    def picture_target(self, emoji: Emoji, style: str) -> Side:
        shown = Content("picture", image=self._view(f"{style}/{emoji.code}"))
        return Side(shown, texts.completion("picture", emoji.name))

    def picture_name(self, emoji: Emoji) -> Pair:
        """image -> text, with keywords of the annotation as reasoning."""
        shown = Content("name", image=self._view(f"noto/{emoji.code}"))
        return Pair("picture_name", Side(shown, self._clues(emoji)),
                    self._name_target(emoji), f"emoji:{emoji.code}")

    def word_picture(self, emoji: Emoji) -> Pair:
        """text -> image"""
        shown = Content(texts.word_query(emoji.name, "picture"))
        return Pair("word_picture", Side(shown, self._clues(emoji)),
                    self.picture_target(emoji, "noto"), f"emoji:{emoji.code}")

    def style(self, emoji: Emoji) -> Pair:
        """image -> image across drawing styles"""
        shown = Content("same", image=self._view(f"noto/{emoji.code}"))
        return Pair("style", Side(shown, self._clues(emoji)),
                    self.picture_target(emoji, "openmoji"),
                    f"emoji:{emoji.code}")

    def word_name(self, emoji: Emoji, language: str) -> Pair:
        """a foreign name -> the English one"""
        shown = Content(texts.word_query(emoji.forms[language], "name"))
        query = Side(shown, texts.completion("name", emoji.name))
        return Pair("word_name", query, self._name_target(emoji),
                    f"emoji:{emoji.code}")

    def clip_name(self, emoji: Emoji, motion: str) -> Pair:
        """clip -> what moves, and how"""
        answer = texts.clip_answer(emoji.name, motion)
        query = Side(self._world.clip(emoji, motion),
                     texts.completion(emoji.name, answer))
        target = Side(Content(texts.value_target("clip", answer)),
                      texts.completion("clip", answer))
        return Pair("clip_name", query, target, f"clip:{emoji.code}:{motion}")

    def clip_motion(self, emoji: Emoji, motion: str) -> Pair:
        """clip -> motion"""
        frames = self._world.clip(emoji, motion).video
        trace = texts.clip_answer(emoji.name, motion)
        query = Side(Content("motion", video=frames),
                     texts.completion(trace, motion))
        target = Side(Content(texts.value_target("motion", motion)),
                      texts.completion("motion", motion))
        return Pair("clip_motion", query, target, f"motion:{motion}")

    def page_count(self, path: str, cells: tuple[Emoji, ...],
                   question: PageQuestion) -> Pair:
        """page + "count dog" -> number"""
        word = texts.NUMBER_WORDS[question.count]
        trace = texts.page_contents([e.name for e in cells])
        query = Side(Content(f"count {question.asked.name}", image=path),
                     texts.completion(trace, word))
        target = Side(Content(texts.value_target("count", word)),
                      texts.completion("count", word))
        return Pair("page_count", query, target, f"count:{word}")

    def page_beside(self, path: str, cells: tuple[Emoji, ...],
                    question: PageQuestion) -> Pair:
        """page + "beside dog" -> name of the picture in the same row"""
        assert question.beside is not None
        trace = texts.page_contents([e.name for e in cells])
        query = Side(Content(f"beside {question.asked.name}", image=path),
                     texts.completion(trace, question.beside.name))
        return Pair("page_beside", query, self._name_target(question.beside),
                    f"emoji:{question.beside.code}")

    def page_find(self, path: str, cells: tuple[Emoji, ...]) -> Pair:
        """contents -> page"""
        contents = texts.page_contents([e.name for e in cells])
        query = Side(Content(f"page {contents}"),
                     texts.completion("page", contents))
        target = Side(Content("page", image=path),
                      texts.completion("page", contents))
        return Pair("page_find", query, target, f"page:{path}")
