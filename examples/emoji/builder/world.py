"""All inputs of a build in one place: facts, splits, pictures."""

from dataclasses import dataclass
from pathlib import Path

from builder import facts, openmoji, splits
from builder.noto import NotoFont
from builder.options import BuildOptions
from builder.pictures import MOTION_FRAMES, PictureStore, noto_sources
from builder.records import Content


@dataclass(frozen=True)
class Page:
    """A document page: its picture and what is on it, row by row."""

    path: str
    emojis: tuple[facts.Emoji, ...]


class World:
    """Read-only after construction, but for the pictures it writes."""

    def __init__(self, root: Path, style: Path | None,
                 options: BuildOptions) -> None:
        font = NotoFont()
        self.options = options
        self.countries = facts.countries(font)[:options.max_countries]
        self.by_code = {c.code: c for c in self.countries}
        self.combinations = splits.split_combinations(self.countries)
        emojis = facts.emojis(font, options.max_emojis)
        self.emojis = splits.split_emojis(emojis)
        sources = noto_sources(
            {f"flag/{c.code}": c.png for c in self.countries}
            | {f"noto/{e.code}": e.png for e in emojis})
        if style is not None:
            drawn = openmoji.drawings(style, [e.code for e in emojis])
            sources |= {f"openmoji/{code}": p for code, p in drawn.items()}
        self.has_style = style is not None
        self.pictures = PictureStore(root, sources)
        self.train_pages = self._pages("train", self.emojis.train,
                                       options.train_pages)

    def drawn(self, emojis: list[facts.Emoji]) -> list[facts.Emoji]:
        """Those that the second style draws too."""
        return [e for e in emojis if self.pictures.has(f"openmoji/{e.code}")]

    def clip_emojis(self) -> list[facts.Emoji]:
        return self.emojis.train[:self.options.clip_emojis]

    def train_view(self, name: str, index: int) -> str:
        """A training view of "flag/AT" and the like; any index is valid."""
        style = name.split("/")[0]
        count = {"flag": self.options.flag_views,
                 "noto": self.options.noto_views,
                 "openmoji": self.options.openmoji_views}[style]
        return self.pictures.view(name, f"{index % count:02}")

    def clip(self, emoji: facts.Emoji, motion: str) -> Content:
        frames = self.pictures.clip(f"noto/{emoji.code}", motion)
        return Content("clip", video=tuple(frames))

    def _pages(self, name: str, pool: list[facts.Emoji],
               count: int) -> list[Page]:
        """Pages of two to four pictures; some pictures come more than once."""
        draw = splits.stream("pages", name)
        pages = []
        for i in range(count):
            kinds = draw.sample(pool, draw.randint(2, 3))
            cells = kinds + draw.choices(kinds, k=draw.randint(0, 4 - len(kinds)))
            draw.shuffle(cells)
            path = self.pictures.page(f"images/page/{name}{i:04}.png",
                                      [f"noto/{e.code}" for e in cells])
            pages.append(Page(path, tuple(cells)))
        return pages

    def eval_pages(self, name: str, pool: list[facts.Emoji]) -> list[Page]:
        """Pages that training never shows; name: "test", "known", "dev"."""
        return self._pages(name, pool, self.options.eval_rows)


ALL_MOTIONS = tuple(MOTION_FRAMES)
