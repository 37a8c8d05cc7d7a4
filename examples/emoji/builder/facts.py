"""The countries with their facts, and the everyday emoji with their names."""

import hashlib
import math
import re
from dataclasses import dataclass

from builder import cldr
from builder.noto import NotoFont, flag_text

# Words of the queries, in the order in which a country's facts are listed.
RELATIONS = ("currency", "language", "region", "code", "city")


@dataclass(frozen=True, eq=False)
class Country:
    """One region with a flag; `forms` are foreign names unlike the English."""

    code: str
    name: str
    forms: dict[str, str]  # language -> name
    facts: dict[str, str]  # relation -> value
    size: int  # round(10 log10 population)
    png: bytes


@dataclass(frozen=True, eq=False)
class Emoji:
    """One everyday single-code-point emoji."""

    code: str  # hexadecimal code point
    name: str
    forms: dict[str, str]  # language -> name unlike the English one
    keywords: tuple[str, ...]  # CLDR's, without the name itself
    subgroup: str
    png: bytes


def _foreign(code: str, name: str, names: dict[str, dict[str, str]],
             max_letters: int = 999) -> dict[str, str]:
    """Names in the other languages that are short and not the English one."""
    forms = {}
    for language in cldr.LANGUAGES:
        form = names[language].get(code, "")
        if (form and len(form) <= max_letters
                and form.casefold() != name.casefold()):
            forms[language] = form
    return forms


def countries(font: NotoFont) -> list[Country]:
    """All regions with an English name, a population and a flag, by code."""
    english = cldr.display_names("en", "territory")
    foreign = {l: cldr.display_names(l, "territory") for l in cldr.LANGUAGES}
    languages = cldr.display_names("en", "language")
    currencies, currency_names = cldr.currency_of_region(), cldr.currency_names()
    holders, alpha3 = cldr.world_region_of(), cldr.alpha3_codes()
    cities = cldr.zone_cities()
    found = []
    for code, territory in sorted(cldr.territories().items()):
        name = english.get(code, "")
        if not re.fullmatch("[A-Z]{2}", code) or not name:
            continue
        png = font.png(flag_text(code))
        if png is None or territory.population <= 0:
            continue
        candidates = {
            "currency": currency_names.get(currencies.get(code, "")),
            "language": languages.get(territory.language or ""),
            "region": english.get(holders.get(code, "")),
            "code": alpha3.get(code),
            "city": cities.get(code),
        }
        facts = {r: v for r in RELATIONS if (v := candidates[r])}
        size = round(10 * math.log10(territory.population))
        found.append(Country(code, name, _foreign(code, name, foreign), facts,
                             size, png))
    return found


_GROUPS = ("Animals & Nature", "Food & Drink", "Travel & Places",
           "Activities", "Objects")
_NAME = re.compile(r"[A-Za-zé]+([ -][A-Za-zé]+)?")  # one or two words
MAX_EMOJI = 384


def _keywords(name: str, raw: list[str]) -> tuple[str, ...]:
    """At most two one-word keywords that the name does not contain."""
    words = set(name.lower().split())
    kept = [k for k in raw if k.isalpha() and k.lower() not in words]
    return tuple(kept[:2])


def emojis(font: NotoFont, limit: int = MAX_EMOJI) -> list[Emoji]:
    """Single code points with short, distinct names in all languages.

    Where more than `limit` qualify, those with the smallest hash of the code
    point are kept, so that the choice is even over the groups.
    """
    names, keywords = cldr.annotations("en")
    foreign = {l: cldr.annotations(l)[0] for l in cldr.LANGUAGES}
    found: dict[str, Emoji] = {}
    pictures: set[bytes] = set()
    for entry in cldr.emoji_test():
        text = entry.character
        name = names.get(text, "")
        if (entry.group not in _GROUPS or len(text) != 1
                or entry.subgroup == "time" or not _NAME.fullmatch(name)
                or name.lower() in found
                or any(text not in foreign[l] for l in cldr.LANGUAGES)):
            continue
        png = font.png(text)
        if png is None or png in pictures:
            continue
        pictures.add(png)
        clues = _keywords(name, keywords.get(text, []))
        subgroup = re.split("[- ]", entry.subgroup)[-1]
        found[name.lower()] = Emoji(f"{ord(text):04X}", name,
                                    _foreign(text, name, foreign, 16),
                                    clues or (subgroup,), subgroup, png)
    chosen = sorted(found.values(), key=lambda e: hashlib.sha256(
        e.code.encode()).digest())[:limit]
    return sorted(chosen, key=lambda e: int(e.code, 16))
