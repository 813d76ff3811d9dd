"""Dateline and agency of a story: what the copy, the fields and the configuration say, weighed in order."""

from datetime import datetime

import msgspec

from pipeline.item import RawItem
from pipeline.normalise.agencies import BY_NAME, lookup
from pipeline.normalise.body import Copy
from pipeline.normalise.characters import one_line
from pipeline.normalise.dateline import Parsed, read_dateline
from pipeline.normalise.dates import settle, trailing_day
from pipeline.normalise.hints import Hints
from pipeline.normalise.places import read_places
from pipeline.story import Dateline

_LONGEST_FIELD = 200


def read_field(field: str | None) -> Parsed | None:
    """A dateline as a source's field gives it, with or without agency and dash; None where it holds something else."""
    text = one_line(field or "")
    if not text or len(text) > _LONGEST_FIELD:
        return None
    whole = read_dateline(f"{text} - X") or read_dateline(f"{text} X")
    if whole is not None:
        return msgspec.structs.replace(whole, text=text, end=len(text))
    bare = text.strip(" -–—_,")
    if bare[:1].isdigit():
        return None
    dated = trailing_day(bare)
    places = read_places(dated[0].strip(" ,") if dated else bare)
    if places is None:
        return None
    return Parsed(text=text, end=len(text), places=places[0], regions=places[1], day=dated[1] if dated else None)


def settle_dateline(
    copy: Copy, field: Parsed | None, *, agency: str | None, version: datetime | None, received: datetime | None
) -> Dateline | None:
    """The dateline of the story. The copy's own words lead; the field fills in and disagreement is kept."""
    parsed = copy.dateline or field
    if parsed is None:
        return None
    structured = None
    places, regions, day = parsed.places, parsed.regions, parsed.day
    if copy.dateline is not None and field is not None:
        if not places:
            places, regions = field.places, field.regions
        elif field.places and not _same(places, field.places):
            structured = field.text
        if day is None:
            day = field.day
        elif field.day is not None and field.day != day:
            structured = field.text
    opening = copy.paragraphs[0] if copy.paragraphs else ""
    date, how = settle(day, version=version, received=received, lead=opening) if day else (None, None)
    return Dateline(
        text=parsed.text,
        places=places,
        regions=regions,
        date=date.isoformat() if date else None,
        date_from=how,
        agency=parsed.agency or (field.agency if field else None) or (agency if parsed.credit is None else None),
        structured=structured,
    )


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return {p.casefold() for p in one} == {p.casefold() for p in other}


def settle_agency(item: RawItem, copy: Copy, field: Parsed | None, hints: Hints) -> tuple[str | None, str | None]:
    """Agency and credit: from dateline, credit line, closing line, source field, configuration, in that order."""
    said = copy.dateline or field
    candidates = (
        (said.agency if said else None, said.credit if said else None),
        (_known(item.credit), item.credit),
        (copy.closing_agency, copy.credit),
        (_known(item.agency), item.agency),
        # The operator's own word needs no list.
        (_known(hints.agency) or hints.agency, hints.agency),
    )
    agency = next((name for name, _ in candidates if name), None)
    credit = one_line(item.credit or "") or copy.credit or (said.credit if said else None)
    return agency, credit or None


def _known(name: str | None) -> str | None:
    found = lookup(name)
    return found.name if found else None


def zone_of(item: RawItem, hints: Hints) -> str | None:
    """The zone of times that state none: the source's, else the agency's."""
    if hints.zone:
        return hints.zone
    known = lookup(item.agency) or lookup(item.credit) or lookup(hints.agency)
    return BY_NAME[known.name].zone if known else None
