"""How fast documents are read: XML wire formats of 10 KB, and feedparser's share after narrowing.

Run: `python tests/bench/bench_formats.py`. Each figure is the median of five rounds, all in one run on one core.
"""

import statistics
import sys
import time
from collections.abc import Callable

from pipeline.formats import parse
from pipeline.formats.feed import run_feedparser
from pipeline.formats.feed_window import narrow
from pipeline.item import Origin, encode_item

HERE = Origin(source="bench", url="https://b.example/feed")
ROUNDS = 5
DOCUMENTS = 300
GOAL_DOCUMENTS = 1500
GOAL_SHARE = 0.15
WORDS = "The harbour of Port Test reopened on Saturday after three days of storm, the city said in a statement. " * 3
COPY = "".join(f"<p>{number}. {WORDS}</p>\n" for number in range(24))


def newsml_g2() -> bytes:
    subjects = "".join(
        f'<subject type="cpnat:abstract" qcode="medtop:200000{n}" why="why:direct"><name>Subject {n}</name></subject>'
        for n in range(10, 22)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?><newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header><sent>2024-03-02T10:00:05Z</sent><priority>4</priority></header><itemSet>
<newsItem guid="tag:b.example,2024:1" version="3" xml:lang="en"><rightsInfo><copyrightHolder literal="Test"/></rightsInfo><itemMeta><itemClass qcode="ninat:text"/><provider literal="Test"/><versionCreated>2024-03-02T10:00:00Z</versionCreated><pubStatus qcode="stat:usable"/><signal qcode="sig:update"/></itemMeta>
<contentMeta><urgency>3</urgency><located qcode="c:1"><name>Port Test</name></located><language tag="en"/>{subjects}<slugline>HARBOUR</slugline><headline>Harbour reopens</headline><by>By Ana Vil</by></contentMeta>
<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><body>{COPY}</body></html></inlineXML></contentSet></newsItem></itemSet></newsMessage>""".encode()


def newsml_1() -> bytes:
    codes = "".join(f'<SubjectCode><Subject FormalName="040{n}000"/></SubjectCode>' for n in range(10, 22))
    return f"""<?xml version="1.0" encoding="ISO-8859-1"?><NewsML Version="1.2"><NewsEnvelope><DateAndTime>20240302T100005Z</DateAndTime></NewsEnvelope><NewsItem xml:lang="de"><Identification><NewsIdentifier><ProviderId>t.example</ProviderId><DateId>20240302</DateId><NewsItemId>1</NewsItemId><RevisionId>2</RevisionId></NewsIdentifier></Identification><NewsManagement><Status FormalName="Usable"/><Urgency FormalName="4"/></NewsManagement>
<NewsComponent><NewsLines><HeadLine>Hafen für alle offen</HeadLine><DateLine>Neustadt (ta) -</DateLine></NewsLines><DescriptiveMetadata><Language FormalName="de"/>{codes}</DescriptiveMetadata><ContentItem><MediaType FormalName="Text"/><DataContent><nitf><body><body.content>{COPY}</body.content></body></nitf></DataContent></ContentItem></NewsComponent></NewsItem></NewsML>""".encode(
        "latin-1"
    )


def nitf() -> bytes:
    codes = "".join(f'<tobject.subject tobject.subject.refnum="040{n}000"/>' for n in range(10, 22))
    return f"""<?xml version="1.0"?><nitf><head><title>Harbour</title><tobject>{codes}</tobject><docdata management-status="usable"><doc-id id-string="b.1"/><urgency ed-urg="4"/><date.issue norm="20240302T100000Z"/></docdata></head><body><body.head><hedline><hl1>Harbour reopens</hl1></hedline><byline>By Ana Vil</byline><dateline><location>Port Test</location></dateline></body.head><body.content>{COPY}</body.content></body></nitf>""".encode()


def rss(ids: range, paragraphs: int) -> bytes:
    items = "".join(
        f'<item><title>Story {n} of the day</title><link>https://b.example/{n}</link><guid isPermaLink="false">id-{n}</guid>'
        f"<pubDate>Mon, 01 Jan 2024 00:{n:02d}:00 GMT</pubDate><dc:creator>Ann</dc:creator><category>World</category>"
        f"<description>{'&lt;p&gt;A paragraph of &lt;b&gt;copy&lt;/b&gt;.&lt;/p&gt;' * paragraphs}</description></item>"
        for n in ids
    )
    return f'<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title><link>https://b.example/</link>{items}</channel></rss>'.encode()


def median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def documents_per_second(body: bytes) -> float:
    def work() -> None:
        for _ in range(DOCUMENTS):
            for item in parse(body, HERE).items:
                encode_item(item)  # type: ignore[arg-type]  # these documents hold no refusals

    return DOCUMENTS / median(work)


def narrowed_share(paragraphs: int) -> float:
    """Time for a poll with one new entry of 30, as a share of feedparser on the whole feed."""
    seen = set(narrow(rss(range(1, 31), paragraphs), ()).fingerprints)
    new = rss(range(30), paragraphs)
    whole = median(lambda: [run_feedparser(new, HERE) for _ in range(10)])
    left = median(lambda: [run_feedparser(narrow(new, seen).body, HERE) for _ in range(10)])
    assert len(run_feedparser(narrow(new, seen).body, HERE)["entries"]) == 1
    return left / whole


def main() -> int:
    missed = 0
    for name, body in (("NewsML-G2", newsml_g2()), ("NewsML 1.2", newsml_1()), ("NITF", nitf())):
        rate = documents_per_second(body)
        print(f"{name}: {rate:,.0f} documents/s of {len(body) / 1000:.1f} KB (goal {GOAL_DOCUMENTS:,})")
        missed += rate < GOAL_DOCUMENTS
    for paragraphs in (1, 5, 40):
        size = len(rss(range(30), paragraphs)) / 1000
        share = narrowed_share(paragraphs)
        print(f"feed of 30 entries, {size:.0f} KB, one new: {share:.3f} of feedparser on the whole (goal {GOAL_SHARE})")
        missed += share > GOAL_SHARE
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
