"""Draws views, pages and clips, and writes them as PNG files.

A view is a picture of 56x56 pixels under a light, seeded change of size,
angle, place, background and brightness. The same name gives the same bytes.
"""

import math
import random
from pathlib import Path

import numpy as np
from PIL import Image

from builder.noto import decode
from builder.splits import stream

SIDE = 56  # 4 tokens under the family's 28-pixel merge blocks
_SOURCE = 84  # sources are reduced to this once, then mapped to SIDE
_PAGE = (112, 84)  # width, height: 12 tokens
_CELLS = ((4, 2), (64, 2), (4, 44), (64, 44))  # left, top of a page's pictures
_CELL = 40
_SPRITE = 30  # a clip's picture, at its usual size
CLIP_FRAMES = 4

# Frames of a motion: (axis, order). The frames of a motion and of its opposite
# are the same files, so that only their order tells the two apart.
MOTION_FRAMES = {
    "right": ("h", (0, 1, 2, 3)), "left": ("h", (3, 2, 1, 0)),
    "down": ("v", (0, 1, 2, 3)), "up": ("v", (3, 2, 1, 0)),
    "larger": ("z", (0, 1, 2, 3)), "smaller": ("z", (3, 2, 1, 0)),
}


def square(picture: Image.Image, side: int) -> Image.Image:
    """The picture in the middle of a transparent square, reduced to `side`."""
    edge = max(picture.size)
    canvas = Image.new("RGBA", (edge, edge), (0, 0, 0, 0))
    canvas.paste(picture, ((edge - picture.width) // 2,
                           (edge - picture.height) // 2))
    return canvas.convert("RGBa").resize((side, side), Image.LANCZOS)


_ACROSS = ((np.arange(SIDE, dtype=np.float32) / SIDE - 0.5) / 1.5)


def _ramp(draw: random.Random) -> np.ndarray:
    """A light background: two colours along a random direction, [h, w, 3]."""
    ends = np.array([[draw.randint(175, 255) for _ in range(3)]
                     for _ in range(2)], dtype=np.float32)
    angle = draw.uniform(0, 2 * math.pi)
    share = (_ACROSS[None, :] * np.float32(math.cos(angle))
             + _ACROSS[:, None] * np.float32(math.sin(angle)) + 0.5)
    return ends[0] + share[..., None] * (ends[1] - ends[0])


def _blend(layer: Image.Image, ground: np.ndarray) -> np.ndarray:
    """Puts a premultiplied layer over a background, [h, w, 3]."""
    pixels = np.asarray(layer, dtype=np.float32)
    return pixels[..., :3] + ground * (1 - pixels[..., 3:] / 255)


def _write(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = np.clip(pixels + 0.5, 0, 255).astype(np.uint8)
    Image.fromarray(rounded).save(path, "PNG", compress_level=4)


def _view(source: Image.Image, draw: random.Random) -> np.ndarray:
    zoom = draw.uniform(0.92, 1.16) * _SOURCE / SIDE
    angle = math.radians(draw.uniform(-5, 5))
    cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
    shift_x, shift_y = draw.uniform(-3, 3), draw.uniform(-3, 3)
    centre, middle = SIDE / 2, _SOURCE / 2
    left = middle - cos * (centre + shift_x) - sin * (centre + shift_y)
    top = middle + sin * (centre + shift_x) - cos * (centre + shift_y)
    layer = source.transform((SIDE, SIDE), Image.AFFINE,
                             (cos, sin, left, -sin, cos, top), Image.BICUBIC)
    pixels = _blend(layer, _ramp(draw))
    return (pixels - 128) * draw.uniform(0.88, 1.1) + 128 + draw.uniform(-8, 8)


class PictureStore:
    """Writes pictures below `root` on demand; each file once."""

    def __init__(self, root: Path, sources: dict[str, Image.Image]) -> None:
        """sources: RGBA by "style/code", e.g. "flag/AT", "noto/1F436"."""
        self._root = root
        self._sources = sources
        self._small: dict[tuple[str, int], Image.Image] = {}
        self._written: set[str] = set()

    def has(self, name: str) -> bool:
        return name in self._sources

    def num_files(self) -> int:
        return len(self._written)

    def _source(self, name: str, side: int) -> Image.Image:
        key = (name, side)
        if key not in self._small:
            self._small[key] = square(self._sources[name], side)
        return self._small[key]

    def _path(self, relative: str) -> Path | None:
        if relative in self._written:
            return None
        self._written.add(relative)
        return self._root / relative

    def view(self, name: str, variant: str) -> str:
        """Path, relative to the root, of one view; variant: "00", "test0" …"""
        relative = f"images/{name}/{variant}.png"
        if path := self._path(relative):
            draw = stream("view", name, variant)
            _write(_view(self._source(name, _SOURCE), draw), path)
        return relative

    def clip(self, name: str, motion: str) -> list[str]:
        """Paths of the four frames in which `name` moves."""
        axis, order = MOTION_FRAMES[motion]
        frames = [f"images/clip/{name.split('/')[-1]}/{axis}{i}.png"
                  for i in range(CLIP_FRAMES)]
        for i, relative in enumerate(frames):
            if path := self._path(relative):
                _write(self._frame(name, axis, i), path)
        return [frames[i] for i in order]

    def _frame(self, name: str, axis: str, index: int) -> np.ndarray:
        draw = stream("clip", name)
        side = 18 + 10 * index if axis == "z" else _SPRITE
        free = SIDE - side
        along, across = free * index // (CLIP_FRAMES - 1), free // 2
        place = {"h": (along, across), "v": (across, along),
                 "z": (across, across)}[axis]
        layer = Image.new("RGBa", (SIDE, SIDE), (0, 0, 0, 0))
        layer.paste(self._source(name, side), place)
        return _blend(layer, _ramp(draw))

    def page(self, relative: str, names: list[str]) -> str:
        """A page of up to four pictures, row by row in two columns."""
        if path := self._path(relative):
            draw = stream("page", relative)
            layer = Image.new("RGBa", _PAGE, (0, 0, 0, 0))
            for name, (left, top) in zip(names, _CELLS):
                place = (left + draw.randint(-2, 4), top + draw.randint(-1, 1))
                layer.paste(self._source(name, _CELL), place)
            white = np.full((_PAGE[1], _PAGE[0], 3), 255.0, dtype=np.float32)
            _write(_blend(layer, white), path)
        return relative


def noto_sources(pngs: dict[str, bytes]) -> dict[str, Image.Image]:
    return {name: decode(png) for name, png in pngs.items()}
