"""Where a story was filed, and which places it speaks of, as GeoNames knows them.

A dateline is read with what its readers are taken to know: the region written after a place, the agency's own
country, capitals, size. In the copy a name must be more certain: a large city, or one after a word for where, and
nobody's name. What stays ambiguous is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from pipeline.enrich.gazetteer import City, Country, Gazetteer, gazetteer
from pipeline.enrich.names import GIVEN, KINDS, SURNAME, Run, fold, runs
from pipeline.story import Dateline, Json, Place, Story

READ_CHARACTERS = 40_000
"""Longer texts are read up to here."""
_GEONAMES = "https://sws.geonames.org/{}/"
_HUGE, _LARGE = 1_000_000, 300_000
_CAPITAL, _HOME, _NAMED, _EXACT = 20.0, 10.0, 30.0, 2.0
"""How much more likely a city is for being a capital, of the agency's country, of one the story names, or so spelt."""
_CERTAIN = 2.0
"""How many times as likely as the next a city must be."""
_SHORTEST = 4
_REGION = re.compile(r",\s+([A-Z][\w.]*(?:\s[A-Z][\w.]*)?)")
"""What may be the region after a place: a word or two with capitals."""
_STATES_TOO = frozenset({"georgia"})
_GIVEN_TOO = frozenset({"jordan", "chad", "georgia", "israel", "kenya", "india"})
_NEIGHBOURS = frozenset({"RU", "AM", "AZ", "TR", "UA"})


class _Found(NamedTuple):
    start: int
    name: str
    id: int
    country: str
    city: City | None


class Places:
    """Adds the dateline's places and those in the copy to `places`; counts and offsets go under `newswire.mentions`.

    What the source said about places stays, and stays first.
    """

    name = "places"
    version = "1"

    def __init__(self) -> None:
        self._known = gazetteer()

    def enrich(self, story: Story) -> Story:
        """The story with its places."""
        known, text = self._known, story.text[:READ_CHARACTERS]
        parts = runs(text)
        countries = list(_countries(parts, known))
        named = {found.country for found in countries}
        filed = _filed(story.newswire.dateline, story.newswire.agency, named, known)
        regions = story.newswire.dateline.regions if story.newswire.dateline else {}
        context = named | {city.country for city in filed.values() if city is not None}
        mentions = sorted([*countries, *_cities(parts, text, context, known)])
        places = {place.name: place for place in story.places}
        for written, city in filed.items():
            place = _of_city(city, "dateline") if city is not None else _of_words(written, regions.get(written), known)
            places.setdefault(place.name, place)
        counts: dict[str, dict[str, Any]] = {}
        for found in mentions:
            if found.name in counts:
                counts[found.name]["count"] += 1
                continue
            counts[found.name] = {"count": 1, "first": found.start, "id": found.id, "country": found.country}
            uri = _GEONAMES.format(found.id)
            place = _of_city(found.city, "mention") if found.city else Place(name=found.name, rel="mention", uri=uri)
            places.setdefault(found.name, place)
        if not places:
            return story
        extension = story.newswire
        if counts:
            extension = msgspec.structs.replace(extension, mentions={**extension.mentions, "places": counts})
        return msgspec.structs.replace(story, places=tuple(places.values()), newswire=extension)


def _of_city(city: City, rel: str) -> Place:
    point: Json = {"type": "Point", "coordinates": [city.longitude, city.latitude]}
    return Place(name=city.name, rel=rel, uri=_GEONAMES.format(city.id), geo_json=point)


def _of_words(written: str, region: str | None, known: Gazetteer) -> Place:
    """A dateline's place that is no city known: a country, or as written, with its country's code if that is told."""
    country = known.countries.get(fold(written))
    if country is None:
        within = fold((region or "").strip())
        state = known.states.get(within) or known.states.get(f"{within}.")
        around = known.countries.get(within) or known.countries.get(within.rstrip("."))
        code = "US" if state else known.provinces.get(within) or (around.code if around else None)
        return Place(name=written, rel="dateline", literal=code)
    return Place(name=country.name, rel="dateline", uri=_GEONAMES.format(country.id))


def _filed(
    dateline: Dateline | None, agency: str | None, named: set[str], known: Gazetteer
) -> Mapping[str, City | None]:
    """The city of each of the dateline's places, None where it can't be told."""
    if dateline is None:
        return {}
    home = known.homes.get(dateline.agency or agency or "")
    found: dict[str, City | None] = {}
    for written in dateline.places:
        candidates = known.cities.get(fold(written), ())
        region = dateline.regions.get(written)
        if region is not None:
            candidates = _within(candidates, region, known)
        found[written] = _likeliest(candidates, written, {home} if home else set(), named)
    return found


def _within(candidates: tuple[City, ...], region: str, known: Gazetteer) -> tuple[City, ...]:
    """Those in a region as written: a state of the United States, or a country; none of them where it is neither."""
    key = fold(region.strip())
    province = known.provinces.get(key)
    country = known.codes[province] if province else known.countries.get(key) or known.countries.get(key.rstrip("."))
    state = known.states.get(key) or known.states.get(key.rstrip(".")) or known.states.get(f"{key}.")
    if state is not None:
        inside = tuple(city for city in candidates if city.country == "US" and city.region == state)
        if inside or country is None:
            return inside
    return tuple(city for city in candidates if country is not None and city.country == country.code)


def _likeliest(candidates: tuple[City, ...], written: str, home: set[str], named: set[str]) -> City | None:
    if len(candidates) < 2:  # noqa: PLR2004  # nothing to choose from
        return candidates[0] if candidates else None
    ranked = sorted(((_weight(city, written, home, named), city) for city in candidates), reverse=True)
    (first, city), (second, _) = ranked[:2]
    return city if first >= _CERTAIN * second else None


def _weight(city: City, written: str, home: set[str], named: set[str]) -> float:
    weight = float(city.population + 1)
    if city.capital:
        weight *= _CAPITAL
    if city.country in home:
        weight *= _HOME
    if city.country in named:
        weight *= _NAMED
    return weight * _EXACT if city.name.casefold() == written.casefold() else weight


def _countries(parts: Sequence[Run], known: Gazetteer) -> Iterator[_Found]:
    """Countries named in the copy, by their names or by what their people are called."""
    found = [one for run in parts for one in _countries_of(run, known)]
    codes = {country.code for _, name, country in found if name not in _STATES_TOO}
    for start, name, country in found:
        # Georgia is a country beside its neighbours, and a state elsewhere.
        if name not in _STATES_TOO or codes & _NEIGHBOURS:
            yield _found_country(start, country)


def _found_country(start: int, country: Country) -> _Found:
    return _Found(start, country.name, country.id, country.code, None)


def _cities(parts: Sequence[Run], text: str, context: set[str], known: Gazetteer) -> Iterator[_Found]:
    for run in parts:
        words, before = run, _word_before(text, run[0].start)
        while len(words) > 1 and (lower := words[0].text.lower()) in known.before | known.perhaps:
            words, before = words[1:], lower
        name = fold(_joined(words))
        candidates = known.cities.get(name, ()) if len(words) <= known.longest else ()
        if not candidates or name in known.never or name in known.countries:
            continue
        region = _REGION.match(text, words[-1].end)
        inside = _within(candidates, region[1], known) if region else ()
        city = _likeliest(inside or candidates, _joined(words), set(), context)
        if city is None:
            continue
        human = len(words) == 1 and KINDS.get(name, 0) & (GIVEN | SURNAME)
        large = city.population >= _LARGE
        sure = not human and len(name) >= _SHORTEST and (city.population >= _HUGE or (city.capital and large))
        led = before in known.before
        if inside or sure or (led and (large or city.country in context)) or (before in known.perhaps and large):
            yield _Found(words[0].start, city.name, city.id, city.country, city)


def _countries_of(run: Run, known: Gazetteer) -> Iterator[tuple[int, str, Country]]:
    """Countries in a run of capitalised words, the longest name from each word on."""
    first = 0
    while first < len(run):
        for last in range(min(len(run), first + known.longest), first, -1):
            name = fold(_joined(run[first:last]))
            if name in known.states and name not in known.countries:
                # New Jersey is not Jersey, nor New Mexico Mexico.
                break
            country = known.countries.get(name)
            if country is not None and not _is_person(run, first, last):
                yield run[first].start, name, country
                break
        else:
            last = first + 1
        first = last


def _is_person(run: Run, first: int, last: int) -> bool:
    """Whether a name of one word that people bear too stands beside another: Jordan Smith, Chad Reed."""
    if last - first > 1 or len(run) == 1:
        return False
    name = fold(run[first].text)
    return name in _GIVEN_TOO or bool(KINDS.get(name, 0) & GIVEN)


def _joined(words: Run) -> str:
    return " ".join(f"{word.particle} {word.text}" if word.particle else word.text for word in words)


def _word_before(text: str, start: int) -> str:
    return text[max(0, start - 16) : start].rstrip().rpartition(" ")[2].lower()
