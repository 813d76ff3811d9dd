"""The console in a real browser: what it shows, what it never runs, by keyboard, on a phone, and under load."""

import shutil
import threading
import time
import urllib.error
import urllib.request

import orjson
import pytest
import yaml
from playwright.sync_api import sync_playwright

from pipeline import topics
from pipeline.app import App
from pipeline.observe.server import Server
from pipeline.settings import Settings
from pipeline.supervise import Supervisor
from pipeline.work.deadletter import dead_letter_headers

CHROMIUM = shutil.which("chromium")
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def story(uri, headline, *, version=1, status="usable", text="The harbour board met.", **fields):
    document = {
        "uri": uri,
        "version": str(version),
        "type": "text",
        "pubStatus": status,
        "language": "en",
        "headlines": [{"value": headline}],
        "bodies": [{"value": text, "contentType": "text/plain"}],
        "newswire": {"agency": "EFE", "relation": {"kind": "new"}, "dateline": {"text": "x", "places": ["Oslo"]}},
    }
    return uri.encode(), orjson.dumps(document | fields), ()


class Office:
    """A process with a console."""

    def __init__(self, base, *, sources=1, token=None, host="127.0.0.1"):
        feeds = base / "feeds.yaml"
        listed = [
            {
                "id": f"feed-{n}",
                "kind": "http",
                "url": f"https://feed-{n}.example/rss",
                "interval": {"min": 3600, "max": 7200},
            }
            for n in range(sources)
        ]
        feeds.write_text(yaml.safe_dump({"sources": listed}))
        settings = {
            "bus": {"kind": "sqlite", "path": base / "log.db"},
            "state": {"path": base / "state"},
            "topics": {"partitions": 2},
            "poll": {"sources": feeds},
            "sinks": {"search": {"kind": "sqlite", "path": base / "stories.db"}},
            "http": {"token": token, "host": host},
            "instance": "test",
        }
        self.app = App(Settings.model_validate(settings))
        self.app.provision()
        self.supervisor = Supervisor(self.app.services(["normalise", "release", "sink"]))
        self.server = Server(
            self.app.registry,
            self.supervisor.health,
            extend=lambda application: self.app.extend(application, self.supervisor.health),
        )
        self.thread = threading.Thread(target=self.supervisor.run)
        self.publisher = self.app.bus.publisher()

    def __enter__(self):
        self.server.start()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.supervisor.stop()
        self.thread.join(30)
        self.publisher.close()
        self.app.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}"

    def publish(self, *stories, topic=topics.STORIES):
        self.publisher.publish(topic, stories)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def office(tmp_path):
    with Office(tmp_path) as open_office:
        yield open_office


def visit(browser, office, **how):
    page = browser.new_page(**how)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.goto(office.url)
    return page


def answer(url, **headers):
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  # loopback
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310  # as above
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@needs_browser
@pytest.mark.timeout(120)
def test_stories_are_shown_as_they_come_and_never_run(browser, office):
    office.publish(story("urn:first", "Ferry line drops night sailings"))
    page = visit(browser, office)
    page.get_by_text("Ferry line drops night sailings").wait_for()
    office.publish(story("urn:hostile", HOSTILE, text=HOSTILE + "\n" + HOSTILE))
    page.get_by_text(HOSTILE, exact=True).wait_for()
    page.locator(".story").first.click()
    page.locator(".more").wait_for()
    assert HOSTILE in page.locator(".more").inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script").count() == 0
    office.publish(story("urn:first", "Ferry line drops night sailings", version=2, status="canceled", text=""))
    page.locator(".story.killed").wait_for()
    assert page.errors == []
    page.close()


@needs_browser
@pytest.mark.timeout(120)
def test_by_keyboard(browser, office):
    office.publish(story("urn:zebra", "Zebras escape", text="Zebras ran through the old town."), story("urn:b", "Rain"))
    held = story("urn:held", "Budget speech", embargoedUntil="2099-01-01T00:00:00Z")
    office.publish(held, topic=topics.HELD)
    record = type("R", (), {"topic": "wire.raw", "partition": 0, "offset": 1, "headers": ()})()
    reject = type("J", (), {"code": "bad_item", "why": "not an item"})()
    from datetime import UTC, datetime  # noqa: PLC0415  # only here

    headers = dead_letter_headers(record, "normalise", reject, datetime.now(UTC), "1")
    office.publish((b"urn:bad", b"{", headers), topic="wire.raw.dlq")
    page = visit(browser, office)
    page.get_by_text("Zebras escape").wait_for()
    page.keyboard.press("3")
    page.get_by_text("Budget speech").wait_for()
    page.keyboard.press("4")
    page.get_by_role("cell", name="bad_item").wait_for()
    page.keyboard.press("2")
    page.get_by_role("cell", name="feed-0").wait_for()
    page.keyboard.press("1")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".story.at .more").wait_for()
    deadline = time.monotonic() + 20
    while True:
        page.keyboard.press("/")
        page.keyboard.press("Control+A")
        page.keyboard.type("old town")
        page.keyboard.press("Enter")
        page.wait_for_timeout(400)
        page.keyboard.press("Escape")
        if page.locator("#found h2").all_inner_texts() == ["Zebras escape"]:
            break
        assert time.monotonic() < deadline, page.locator("#found").inner_text()
    assert page.errors == []
    page.close()


@needs_browser
@pytest.mark.timeout(120)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_in_light_and_dark(browser, office, scheme):
    office.publish(story("urn:a", "A headline long enough to need more than one line of a small screen held upright"))
    page = visit(browser, office, viewport={"width": 375, "height": 700}, color_scheme=scheme)
    page.locator(".story h2").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == (scheme == "dark")
    assert page.errors == []
    page.close()


@needs_browser
@pytest.mark.timeout(200)
def test_it_is_fast_with_many_sources_and_a_busy_wire(browser, tmp_path):
    with Office(tmp_path, sources=10_000) as office:
        office.publish(*(story(f"urn:{n}", f"Story {n}") for n in range(1_000)))
        page = visit(browser, office)
        page.locator(".story").first.wait_for()
        paint = page.evaluate(
            "performance.getEntriesByType('paint').find(p => p.name === 'first-contentful-paint').startTime"
        )
        page.keyboard.press("2")
        page.locator("section[data-view=sources] tbody tr").nth(9_999).wait_for(state="attached", timeout=30_000)
        page.keyboard.press("1")
        page.evaluate(
            """() => { window.gap = 0; let last = performance.now();
            const step = (now) => { window.gap = Math.max(window.gap, now - last); last = now; requestAnimationFrame(step); };
            requestAnimationFrame(step); }"""
        )
        for second in range(5):
            began = time.monotonic()
            for part in range(10):
                office.publish(
                    *(story(f"urn:busy-{second}-{part}-{n}", f"Busy {second} {part} {n}") for n in range(20))
                )
                page.wait_for_timeout(max(0, 100 * (part + 1) - (time.monotonic() - began) * 1000))
        page.get_by_text("Busy 4 9 19").wait_for()
        gap = page.evaluate("window.gap")
        print(
            f"\nfirst paint after {paint:.0f} ms with 10,000 sources and 1,000 stories; longest frame {gap:.0f} ms at 200 stories a second"
        )
        assert paint < 1_000
        assert gap < 1_000
        assert page.locator(".story").count() <= 300
        assert page.errors == []
        page.close()


def test_the_page_may_load_nothing_but_itself(office):
    status, headers, body = answer(office.url)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert b"<script>" not in body
    assert b"http://" not in body
    assert b"https://" not in body
    assert answer(office.url + "/console/secrets.txt")[0] == 404
    assert answer(office.url + "/console/..%2f__init__.py")[0] == 404


def test_a_token_is_asked_for_where_one_is_set(tmp_path):
    with Office(tmp_path, token="open sesame") as office:
        assert answer(office.url)[0] == 401
        assert answer(office.url + "/console/state")[0] == 401
        assert answer(office.url + "/console/state", Authorization="Bearer wrong")[0] == 401
        assert answer(office.url + "/console/state", Authorization="Bearer open sesame")[0] == 200
        assert answer(office.url + "/live")[0] in (200, 503)
        assert answer(office.url + "/metrics")[0] == 200


def test_beyond_loopback_there_is_no_console_without_a_token(tmp_path):
    # What it shows is under embargo in part. (The server of the test itself stays on loopback.)
    with Office(tmp_path, host="0.0.0.0") as office:
        assert answer(office.url)[0] == 404
        assert answer(office.url + "/console/held")[0] == 404
        assert answer(office.url + "/metrics")[0] == 200
