"""Bitmaps of the Noto colour emoji font (CBDT), by character sequence."""

import io

from fontTools.ttLib import TTFont
from PIL import Image

from builder.environment import FONT


class NotoFont:
    """Looks glyphs up through cmap and the GSUB ligatures."""

    def __init__(self) -> None:
        self._font = TTFont(io.BytesIO(FONT.read_bytes()), lazy=True)
        self._cmap: dict[int, str] = self._font.getBestCmap()
        self._bitmaps = self._font["CBDT"].strikeData[0]
        self._ligatures = self._read_ligatures()

    def _read_ligatures(self) -> dict[tuple[str, ...], str]:
        found: dict[tuple[str, ...], str] = {}
        for lookup in self._font["GSUB"].table.LookupList.Lookup:
            for table in lookup.SubTable:
                table = getattr(table, "ExtSubTable", table)
                if table.LookupType != 4:
                    continue
                for first, ligatures in table.ligatures.items():
                    for item in ligatures:
                        found.setdefault((first, *item.Component),
                                         item.LigGlyph)
        return found

    def glyph(self, text: str) -> str | None:
        """Name of the one glyph that draws `text`, None if there is none."""
        names = tuple(self._cmap.get(ord(c), "") for c in text)
        if not all(names):
            return None
        name = names[0] if len(names) == 1 else self._ligatures.get(names)
        return name if name in self._bitmaps else None

    def png(self, text: str) -> bytes | None:
        """The stored PNG (136x128), None where the font has no bitmap."""
        name = self.glyph(text)
        return None if name is None else bytes(self._bitmaps[name].imageData)


def decode(png: bytes) -> Image.Image:
    """RGBA picture of a stored bitmap, palette and transparency resolved."""
    return Image.open(io.BytesIO(png)).convert("RGBA")


def flag_text(region: str) -> str:
    """Two regional indicators: AT -> U+1F1E6 U+1F1F9."""
    return "".join(chr(0x1F1E6 + ord(c) - ord("A")) for c in region)
