"""Cities and countries by their names in many languages.

The tables are written by ``scripts/build_places.py`` from GeoNames (CC BY 4.0) and the Unicode CLDR; what agencies call
places beside that was written by hand.
"""

import gzip
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.enrich.names import fold, table

_KNOWN = 100_000
_SHORTEST = 4


class City(NamedTuple):
    """One city of 15,000 inhabitants or more, or a capital; degrees north and east."""

    id: int
    name: str
    country: str
    region: str
    """First-level division as GeoNames codes it; in the United States the postal abbreviation."""
    latitude: float
    longitude: float
    population: int
    capital: bool


class Country(NamedTuple):
    """One country; `code` is ISO 3166-1."""

    code: str
    id: int
    name: str


class Gazetteer(NamedTuple):
    """All of it, by folded name; read once for each process."""

    cities: dict[str, tuple[City, ...]]
    countries: dict[str, Country]
    """By names, and by what its people and things are called in English."""
    codes: dict[str, Country]
    states: dict[str, str]
    """Of the United States, by name, abbreviation and postal code."""
    homes: dict[str, str]
    """The country of each agency."""
    provinces: dict[str, str]
    """The countries of provinces that datelines name."""
    before: frozenset[str]
    """Words that stand before a place."""
    perhaps: frozenset[str]
    """Words that may stand before one, or before anything else."""
    never: frozenset[str]
    """Folded names that are no places in copy: months, weekdays."""
    longest: int
    """Words in the longest name."""


@cache
def gazetteer() -> Gazetteer:
    """The tables, read at the first call (half a second)."""
    words = [line.split(":", 2) for line in table("places_words.txt")]
    cities = _cities({int(key): names.split("|") for kind, key, names in words if kind == "city"})
    codes, countries = _countries(cities)
    for kind, key, names in words:
        if kind in ("alias", "demonym"):
            countries.update((fold(name), codes[key]) for name in names.split("|"))
    states = {fold(code): code for _, code in map(_pair, table("places_states.tsv"))}
    states |= {fold(name): code for name, code in map(_pair, table("places_states.tsv"))}
    states |= {fold(name): key for kind, key, names in words if kind == "state" for name in names.split("|")}
    return Gazetteer(
        cities=cities,
        countries=countries,
        codes=codes,
        states=states,
        homes={name: key for kind, key, names in words if kind == "home" for name in names.split("|")},
        provinces={fold(name): key for kind, key, names in words if kind == "province" for name in names.split("|")},
        before=frozenset(name for kind, key, names in words if key == "sure" for name in names.split("|")),
        perhaps=frozenset(name for kind, key, names in words if key == "perhaps" for name in names.split("|")),
        never=frozenset(name for kind, _, names in words if kind == "never" for name in names.split("|")),
        longest=5,
    )


def _pair(line: str) -> tuple[str, str]:
    first, _, second = line.partition("\t")
    return first, second


def _cities(others: dict[int, list[str]]) -> dict[str, tuple[City, ...]]:
    found: dict[str, list[City]] = {}
    data = gzip.decompress(files("pipeline.enrich").joinpath("data", "places_cities.tsv.gz").read_bytes())
    for line in data.decode().splitlines():
        number, name, country, region, north, east, population, capital, names = line.split("\t")
        city = City(int(number), name, country, region, float(north), float(east), int(population), capital == "1")
        for key in {fold(n) for n in (name, *names.split("|"), *others.get(city.id, ())) if n}:
            found.setdefault(key, []).append(city)
    return {key: tuple(some) for key, some in found.items()}


def _countries(cities: dict[str, tuple[City, ...]]) -> tuple[dict[str, Country], dict[str, Country]]:
    codes: dict[str, Country] = {}
    found: dict[str, Country] = {}
    for line in table("places_countries.tsv"):
        code, number, name, names = line.split("\t")
        codes[code] = Country(code, int(number), name)
        found[fold(name)] = codes[code]
        for other in map(fold, names.split("|")):
            # What one language calls a country may be another's city, or a word: Granada, Man.
            taken = any(city.population >= _KNOWN and city.country != code for city in cities.get(other, ()))
            if not taken and (len(other) >= _SHORTEST or not other.isascii()):
                found.setdefault(other, codes[code])
    return codes, found
