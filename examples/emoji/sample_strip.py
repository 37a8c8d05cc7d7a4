#!/usr/bin/env python3
"""Draws samples.png: pictures of each kind from a built data folder.

  python3 examples/emoji/sample_strip.py --data examples/emoji/data \\
      --output examples/emoji/samples.png
"""

import argparse
import sys
from pathlib import Path

from builder.environment import fail, require_python

_COLUMNS = 12


def rows_of(images: Path) -> list[list[Path]]:
    """Two rows of flags, two of emoji, one of each other kind."""
    def pick(style: str, view: str, start: int) -> list[Path]:
        return sorted(images.glob(f"{style}/*/{view}.png"))[start::9][:_COLUMNS]

    frames = [p for folder in sorted((images / "clip").iterdir())[2:4]
              for axis in "hz" for p in sorted(folder.glob(f"{axis}*.png"))]
    rows = [pick("flag", "00", 0), pick("flag", "test0", 0),
            pick("noto", "00", 0), pick("openmoji", "00", 0),
            frames[:_COLUMNS], sorted(images.glob("page/*.png"))[:6]]
    return [row for row in rows if row]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if not (arguments.data / "images").is_dir():
        fail(65, f"{arguments.data}/images does not exist; run build.py first")
    require_python()
    from PIL import Image
    rows = [[Image.open(p) for p in row]
            for row in rows_of(arguments.data / "images")]
    gap = 4
    height = sum(row[0].height + gap for row in rows) + gap
    strip = Image.new("RGB", (_COLUMNS * (56 + gap) + gap, height), "white")
    top = gap
    for row in rows:
        for i, picture in enumerate(row):
            strip.paste(picture, (gap + i * (picture.width + gap), top))
        top += row[0].height + gap
    strip.quantize(256).save(arguments.output, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
