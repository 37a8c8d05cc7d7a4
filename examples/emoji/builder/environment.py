"""What the builder needs from the machine, checked before any work is done."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

EXIT_UNAVAILABLE = 69
EXIT_IO = 74
EXIT_CONFIG = 78

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CLDR = Path("/usr/share/unicode/cldr/common")
EMOJI_TEST = Path("/usr/share/unicode/emoji/emoji-test.txt")

_PACKAGE_OF_MODULE = {
    "fontTools": "python3-fonttools",
    "PIL": "python3-pil",
    "numpy": "python3-numpy",
}
_PACKAGE_OF_FILE = {
    FONT: "fonts-noto-color-emoji",
    CLDR: "unicode-cldr-core",
    EMOJI_TEST: "unicode-data",
}
_DEBIAN_PYTHON = "/usr/bin/python3"
_REEXECUTED = "UME_EMOJI_REEXECUTED"


def fail(code: int, message: str) -> NoReturn:
    """Ends the program with one line on stderr."""
    print(f"emoji: {message}", file=sys.stderr)
    sys.exit(code)


def _missing_modules() -> list[str]:
    return [m for m in _PACKAGE_OF_MODULE if importlib.util.find_spec(m) is None]


def _debian_python_has(modules: list[str]) -> bool:
    if not os.access(_DEBIAN_PYTHON, os.X_OK):
        return False
    probe = "import " + ", ".join(modules)
    done = subprocess.run([_DEBIAN_PYTHON, "-c", probe],
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def require_python() -> None:
    """Makes sure that the libraries can be imported.

    Debian installs them for its own interpreter only, so a `python3` from
    elsewhere is replaced by that one. Exits with 69 where that does not help.
    """
    missing = _missing_modules()
    if not missing:
        return
    if _REEXECUTED not in os.environ and _debian_python_has(missing):
        os.environ[_REEXECUTED] = "1"
        os.execv(_DEBIAN_PYTHON, [_DEBIAN_PYTHON, *sys.argv])
    packages = " ".join(_PACKAGE_OF_MODULE[m] for m in missing)
    fail(EXIT_UNAVAILABLE, f"missing Debian packages: {packages}; "
         "`make setup` installs them")


def require_files(need_svg: bool) -> None:
    """Exits with 69 when the font, CLDR or rsvg-convert is not installed."""
    missing = [p for f, p in _PACKAGE_OF_FILE.items() if not f.exists()]
    if need_svg and shutil.which("rsvg-convert") is None:
        missing.append("librsvg2-bin")
    if missing:
        fail(EXIT_UNAVAILABLE, "missing Debian packages: "
             f"{' '.join(missing)}; `make setup` installs them")
