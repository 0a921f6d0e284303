"""Public holidays by country and region, from the `holidays` library. Knows no Django.

What it says is written into a calendar's version when that is made; nothing asks the library about time that passed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays
from holidays.registry import COUNTRIES

_SMALL = {"And": "and", "Dr": "DR", "Of": "of", "The": "the"}


class UnknownCountry(ValueError):
    """Not a country whose holidays are known."""


class UnknownRegion(ValueError):
    """Not a part of that country that has holidays of its own."""


@dataclass(frozen=True, slots=True)
class Holiday:
    day: date
    name: str


@cache
def countries() -> dict[str, str]:
    """ISO code → name, by name. `LV` → Latvia."""
    names = {codes[1]: _name(key) for key, codes in COUNTRIES.items()}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def _name(key: str) -> str:
    """ "bosnia_and_herzegovina" as people write it."""
    words = [_SMALL.get(word, word) for word in key.replace("_", " ").title().split()]
    return re.sub("^the ", "The ", " ".join(words))


@cache
def regions(country: str) -> dict[str, str]:
    """Code → name of the country's parts with holidays of their own, by name; none where all have the same.

    Raises:
        UnknownCountry
    """
    if country not in countries():
        raise UnknownCountry(country)
    of_country = holidays.country_holidays(country)
    names = {code: alias for alias, code in of_country.subdivisions_aliases.items()}
    parts = {code: names.get(code, code) for code in of_country.subdivisions}
    return dict(sorted(parts.items(), key=lambda pair: pair[1]))


def public_holidays(country: str, region: str, years: Iterable[int]) -> list[Holiday]:
    """The days off in that country, or ("" for none) that part of it, in order, named in English where that is known.

    Raises:
        UnknownCountry, UnknownRegion
    """
    if region and region not in regions(country):
        raise UnknownRegion(region)
    if country not in countries():
        raise UnknownCountry(country)
    spoken = holidays.country_holidays(country).supported_languages
    language = next((known for known in ("en_US", "en_GB") if known in spoken), None)
    known = holidays.country_holidays(country, subdiv=region or None, years=sorted(years), language=language)
    return [Holiday(day, name[:200]) for day, name in sorted(known.items())]
