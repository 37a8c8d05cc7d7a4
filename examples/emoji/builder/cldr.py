"""Reads names, keywords and country tables from CLDR and emoji-test.txt."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import lru_cache

from builder.environment import CLDR, EMOJI_TEST

LANGUAGES = ("de", "es", "fi", "hu")  # of the foreign names


@lru_cache(maxsize=None)
def _tree(path: str) -> ElementTree.Element:
    return ElementTree.parse(CLDR / path).getroot()


def display_names(language: str, kind: str) -> dict[str, str]:
    """Code -> name from main/LANGUAGE.xml; kind: "territory" or "language"."""
    root = _tree(f"main/{language}.xml")
    plural = {"territory": "territories", "language": "languages"}[kind]
    items = root.findall(f"localeDisplayNames/{plural}/{kind}")
    return {i.get("type", ""): (i.text or "") for i in items
            if i.get("alt") is None}


def currency_names() -> dict[str, str]:
    """ISO 4217 code -> English name without a count form."""
    names = {}
    for item in _tree("main/en.xml").findall("numbers/currencies/currency"):
        for name in item.findall("displayName"):
            if name.get("count") is None and name.get("alt") is None:
                names[item.get("type", "")] = name.text or ""
    return names


def annotations(language: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """(name, keywords) by character, U+FE0F removed as CLDR does."""
    names: dict[str, str] = {}
    keywords: dict[str, list[str]] = {}
    root = _tree(f"annotations/{language}.xml")
    for item in root.findall("annotations/annotation"):
        character, text = item.get("cp", ""), item.text or ""
        if item.get("type") == "tts":
            names[character] = text
        else:
            keywords[character] = [k.strip() for k in text.split("|")]
    return names, keywords


def currency_of_region() -> dict[str, str]:
    """Region -> its current legal tender: first entry without an end."""
    current = {}
    root = _tree("supplemental/supplementalData.xml")
    for region in root.findall("currencyData/region"):
        for item in region.findall("currency"):
            if item.get("to") is None and item.get("tender") != "false":
                current[region.get("iso3166", "")] = item.get("iso4217", "")
                break
    return current


@dataclass(frozen=True)
class Territory:
    """Population and main language of a region, from territoryInfo."""

    population: int
    language: str | None


def territories() -> dict[str, Territory]:
    """The main language is an official one if any, then the largest."""
    found = {}
    root = _tree("supplemental/supplementalData.xml")
    for item in root.findall("territoryInfo/territory"):
        best: tuple[bool, float, str] | None = None
        for spoken in item.findall("languagePopulation"):
            official = spoken.get("officialStatus") in ("official",
                                                        "de_facto_official")
            share = float(spoken.get("populationPercent", "0"))
            rank = (official, share, spoken.get("type", ""))
            if best is None or rank[:2] > best[:2]:
                best = rank
        found[item.get("type", "")] = Territory(
            int(float(item.get("population", "0"))), best[2] if best else None)
    return found


def world_region_of() -> dict[str, str]:
    """Region -> the first numeric group that holds it (UN M.49 sub-region)."""
    holder: dict[str, str] = {}
    root = _tree("supplemental/supplementalData.xml")
    for group in root.findall("territoryContainment/group"):
        code = group.get("type", "")
        if group.get("status") or group.get("grouping") or not code.isdigit():
            continue
        for region in group.get("contains", "").split():
            holder.setdefault(region, code)
    return holder


def alpha3_codes() -> dict[str, str]:
    root = _tree("supplemental/supplementalData.xml")
    return {i.get("type", ""): i.get("alpha3", "")
            for i in root.findall("codeMappings/territoryCodes")
            if i.get("alpha3")}


def zone_cities() -> dict[str, str]:
    """Region -> city of its first time zone in bcp47/timezone.xml.

    A zone without a comma in its description names a territory, not a city.
    """
    cities: dict[str, str] = {}
    for item in _tree("bcp47/timezone.xml").iter("type"):
        name = item.get("name", "")
        if item.get("deprecated") or not re.fullmatch("[a-z]{5}", name):
            continue
        description = item.get("description", "")
        city = re.split(r"[,(]", description)[0].strip()
        if "," in description:
            cities.setdefault(name[:2].upper(), city)
    return cities


@dataclass(frozen=True)
class EmojiTestEntry:
    """One fully-qualified line of emoji-test.txt."""

    character: str  # U+FE0F removed
    group: str
    subgroup: str


def emoji_test() -> list[EmojiTestEntry]:
    entries, group, subgroup = [], "", ""
    for line in EMOJI_TEST.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            group = line.split(":", 1)[1].strip()
        elif line.startswith("# subgroup:"):
            subgroup = line.split(":", 1)[1].strip()
        elif "; fully-qualified" in line:
            points = [int(p, 16) for p in line.split(";")[0].split()]
            text = "".join(chr(p) for p in points if p != 0xFE0F)
            entries.append(EmojiTestEntry(text, group, subgroup))
    return entries
