"""Every XML and JSON file of the corpus once more, against a second and far simpler reading of its fields."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pipeline.formats import parse
from pipeline.item import Origin, RawItem

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no ../shared/corpus beside this repository")
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_WORD = re.compile("[A-Za-z0-9]+")
Fields = dict[str, Any]


def bare(tree: ET.Element) -> ET.Element:
    """The tree without namespaces."""
    for element in tree.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return tree


def said(element: ET.Element | None) -> str | None:
    """All text within, spaces made one; None for nothing."""
    return " ".join("".join(element.itertext()).split()) or None if element is not None else None


def squeezed(text: str) -> str:
    """Its ASCII letters and digits: neither spaces nor what a wrong declaration of the charset spoils."""
    return "".join(_WORD.findall(re.sub("<[^>]*>", "", unescape(unescape(text)))))


def paragraphs(element: ET.Element | None) -> list[str]:
    return [squeezed("".join(p.itertext())) for p in element.iter("p")] if element is not None else []


def g2(root: ET.Element) -> Iterator[Fields]:
    for one in (root, *(e for items in root.iter("itemSet") for e in items)):
        if one.get("guid") is None:
            # An envelope, a catalogue or a fragment of the Guidelines.
            continue
        status, language = one.find("itemMeta/pubStatus"), one.find("contentMeta/language")
        inline = one.find("contentSet/inlineXML")
        yield {
            "guid": one.get("guid"),
            "version": one.get("version"),
            "status": status.get("qcode", "").partition(":")[2] if status is not None else None,
            "urgency": said(one.find("contentMeta/urgency")),
            "headline": said(one.find("contentMeta/headline")),
            "dateline": said(one.find("contentMeta/dateline")),
            "language": language.get("tag") if language is not None else None,
            "paragraphs": paragraphs(inline.find(".//body")) if inline is not None else [],
        }


def nitf(root: ET.Element) -> Iterator[Fields]:
    docdata = root.find("head/docdata")
    get = lambda path, name: e.get(name) if docdata is not None and (e := docdata.find(path)) is not None else None  # noqa: E731
    headline = root.find("body/body.head/hedline/hl1")
    yield {
        "guid": get("doc-id", "id-string"),
        "version": get("du-key", "version"),
        "status": get(".", "management-status"),
        "urgency": get("urgency", "ed-urg"),
        "headline": said(headline if headline is not None else root.find("head/title")),
        "dateline": None,
        "language": root.get(XML_LANG),
        "paragraphs": paragraphs(root.find("body/body.content")),
    }


def ninjs(document: dict[str, Any]) -> Iterator[Fields]:
    headlines = document.get("headlines") or [{}]
    bodies = [b.get("value", "") for b in document.get("bodies") or []]
    bodies += [document[name] for name in ("body_xhtml", "body_html") if name in document]
    yield {
        "guid": document.get("uri"),
        "version": document.get("version"),
        "status": document.get("pubstatus") or document.get("pubStatus"),
        "urgency": str(document["urgency"]) if "urgency" in document else None,
        "headline": document.get("headline") or headlines[0].get("value"),
        "dateline": document.get("dateline"),
        "language": document.get("language"),
        "paragraphs": [squeezed(p) for body in bodies for p in re.split("</(?:p|h2|li)>", body)],
    }


READ = {"newsml-g2": g2, "nitf": nitf, "ninjs": ninjs}


def files() -> list[str]:
    found = [path for name in READ for path in (CORPUS / name).rglob("*") if path.suffix in {".xml", ".json"}]
    return sorted(str(path.relative_to(CORPUS)) for path in found)


@pytest.mark.parametrize("name", files() or ["none"])
def test_a_second_reading_finds_the_same(name: str) -> None:
    body = (CORPUS / name).read_bytes()
    found = parse(body, Origin(source="corpus", url=Path(name).name)).items
    if found[0].format not in READ:  # type: ignore[union-attr]  # afp20.xml is NewsML 1
        pytest.skip("of another format than its neighbours")
    given = json.loads(body) if name.endswith(".json") else bare(ET.fromstring(body))  # noqa: S314  # files at hand
    stated = list(READ[name.partition("/")[0]](given))
    items = {item.guid: item for item in found if isinstance(item, RawItem)}
    for fields in stated:
        item = items[fields["guid"] or next(iter(items))]
        headline = " ".join(item.headlines[0].value.split()) if item.headlines else None
        for field, value in (
            ("version", item.version), ("status", item.status), ("urgency", item.urgency), ("headline", headline),
            ("dateline", item.dateline), ("language", item.language),
        ):  # fmt: skip
            if fields[field]:
                assert value == fields[field], field
        kept = squeezed("".join(
            [*(t.value for t in (*item.bodies, *item.headlines, *item.descriptions)), *item.ed_notes, *item.bylines,
             item.dateline or "", item.credit or "", *(link.title or "" for link in item.links),
             *(genre.name or "" for genre in item.genres)]
        ))  # fmt: skip
        assert not [paragraph for paragraph in fields["paragraphs"] if paragraph not in kept]
