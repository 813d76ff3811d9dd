"""A poller killed with SIGKILL again and again: is anything lost, and is anything seen twice downstream?

A feed on loopback gets new stories all the while. Its poller is a process of its own on the embedded log that dies
between fetch and publication, between publication and cursor, right after the cursor, or at any moment, `--times`
each, and is started anew. Then the rest of the pipeline runs, and the sink's file is compared with what the feed
said. Exits 1 where a story is lost or doubled.
"""

import argparse
import http.server
import json
import logging
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import structlog
import yaml

from pipeline import topics
from pipeline.app import App, readers
from pipeline.settings import Settings
from pipeline.supervise import Supervisor

WORKER = Path(__file__).with_name("kill_worker.py")
MOMENTS = ("fetched", "published", "saved", "any")
WORDS = (
    "harbour",
    "bridge",
    "minister",
    "council",
    "ferry",
    "storm",
    "budget",
    "vote",
    "school",
    "railway",
    "tunnel",
    "strike",
    "court",
    "island",
    "grain",
)


class Feed:
    """Grows; every story is another, so that none is taken for a copy."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self._items: list[str] = []
        self.lock = threading.Lock()

    def tell(self) -> None:
        """One story more."""
        number = len(self._items)
        words = " ".join(self._chance.choice(WORDS) + self._chance.choice("abcdefghij") for _ in range(60))
        with self.lock:
            self._items.append(
                f"<item><guid isPermaLink='false'>tag:oststrand.example,2026:{number}</guid><title>Plan {number}</title>"
                f"<link>https://oststrand.example/{number}</link><description>{words}</description></item>"
            )

    def body(self) -> bytes:
        """All of it, the newest first."""
        with self.lock:
            items = "".join(reversed(self._items))
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>'.encode()

    def __len__(self) -> int:
        return len(self._items)


def serve(feed: Feed) -> tuple[http.server.ThreadingHTTPServer, str]:
    """The feed on loopback, three stories more with each request."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            for _ in range(3):
                feed.tell()
            body = feed.body()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}/feed"


def killed(url: str, folder: Path, moment: str, chance: random.Random) -> bool:
    """Run a poller until it dies at this moment; whether it died as it should."""
    process = subprocess.Popen([sys.executable, WORKER, url, folder, moment], stderr=subprocess.DEVNULL)
    try:
        if moment == "any":
            time.sleep(chance.uniform(0.5, 2.5))
            process.kill()
        return process.wait(30) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def drain(settings: Settings, url: str, folder: Path, feed: Feed) -> None:
    """Poll what is left, run the rest of the pipeline, and wait until nothing waits."""
    process = subprocess.Popen([sys.executable, WORKER, url, folder, "never"])
    app = App(settings)
    supervisor = Supervisor(app.services(["normalise", "deduplicate", "enrich", "release", "sink"]))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    deadline = time.monotonic() + 120
    try:
        time.sleep(4)
        process.kill()
        process.wait()
        wanted = len(feed)
        while time.monotonic() < deadline:
            lag = sum(sum(app.bus.group_lag(group, read).values()) for _, group, read in readers(settings))
            if lag == 0 and len(delivered(folder)) >= wanted - 3:
                return
            time.sleep(0.2)
    finally:
        supervisor.stop()
        thread.join(30)
        app.close()


def delivered(folder: Path) -> Counter[str]:
    """How often the sink wrote each story."""
    lines = [line for path in sorted((folder / "out").glob("*.jsonl")) for line in path.read_text().split("\n")[:-1]]
    return Counter(json.loads(line)["headlines"][0]["value"] for line in lines)


def main(times: int) -> int:
    """Kill, drain, compare."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    feed, chance = Feed(), random.Random(11)
    server, url = serve(feed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "feeds.yaml").write_text(yaml.safe_dump({"sources": []}))
        settings = Settings.model_validate(
            {
                "bus": {"kind": "sqlite", "path": folder / "log.db"},
                "state": {"path": folder / "state"},
                "topics": {"partitions": 1},
                "poll": {"sources": folder / "feeds.yaml"},
                "sinks": {"files": {"kind": "jsonl", "path": folder / "out"}},
                "instance": "bench",
            }
        )
        app = App(settings)
        app.provision()
        died = Counter[str]()
        for moment in (*MOMENTS,) * times:
            died[moment] += killed(url, folder, moment, chance)
        drain(settings, url, folder, feed)
        found = delivered(folder)
        reader = app.bus.reader()
        raw = sum(1 for _ in reader.read(topics.RAW))
        reader.close()
        app.close()
    server.shutdown()
    # The last request may have been answered to a poller that was dead by then, with nobody left to ask again.
    said = {f"Plan {number}" for number in range(len(feed) - 3)}
    lost, doubled = said - found.keys(), [title for title, count in found.items() if count > 1]
    print(
        f"killed by SIGKILL: {dict(died)}; {len(said)} stories, {raw} raw records; {len(lost)} lost, {len(doubled)} twice"
    )
    return 1 if lost or doubled or any(died[moment] < times for moment in MOMENTS) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    sys.exit(main(parser.parse_args().times))
