"""The consumer examples, in their languages, on a real broker; and the document that describes the topics."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import orjson
import pytest
from kafka_broker import Cluster, require_kafka

from pipeline import __version__, topics
from pipeline.bus.kafka import KafkaBus
from pipeline.bus.log import TopicSpec
from pipeline.contract import asyncapi

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "consumers"
JARS = ROOT / "deploy" / "kafka" / "target" / "lib"
EXPECTED = ["RUN urn:a 1 Zebras escape", "RUN urn:b 1 Rain falls", "TAKE DOWN urn:a"]


def story(uri, version, status, headline):
    document = {
        "uri": uri,
        "version": version,
        "pubStatus": status,
        "headlines": [{"value": headline}] if headline else [],
    }
    return uri.encode(), orjson.dumps(document), ()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    require_kafka()
    with Cluster(tmp_path_factory.mktemp("examples")) as cluster:
        bus = KafkaBus(cluster.servers)
        bus.apply([TopicSpec(topics.STORIES), TopicSpec("source")])
        publisher = bus.publisher()
        publisher.publish("source", [(b"k", b"v", ())])
        publisher.publish(topics.STORIES, [story("urn:a", "1", "usable", "Zebras escape")])
        aborted = bus.subscribe("abort", ["source"], member="one")
        while not aborted.poll(1.0):
            pass
        with pytest.raises(ValueError, match="on purpose"), aborted.transaction() as transaction:  # noqa: PT012
            transaction.send(topics.STORIES, *story("urn:never", "1", "usable", "Never said")[:2], ())
            raise ValueError("on purpose")
        aborted.close()
        rest = [story("urn:b", "1", "usable", "Rain falls"), story("urn:a", "2", "canceled", None)]
        publisher.publish(topics.STORIES, rest)
        publisher.close()
        yield cluster.servers


def first_lines(command, count, **options):
    """What a program that never ends prints first."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    lines = []

    def read():
        for line in process.stdout:
            lines.append(line.strip())  # noqa: PERF401  # each is wanted as it comes

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    deadline = time.monotonic() + 90
    try:
        while len(lines) < count and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.2)
    finally:
        process.kill()
        errors = process.stderr.read()
        process.wait(10)
        reader.join(5)
        process.stdout.close()
        process.stderr.close()
    assert len(lines) >= count, errors[-2000:]
    return lines


@pytest.mark.kafka
@pytest.mark.timeout(200)
def test_python(servers):
    command = [sys.executable, "-W", "ignore", str(EXAMPLES / "consumer.py"), servers, "python"]
    assert first_lines(command, 3) == EXPECTED


@pytest.mark.kafka
@pytest.mark.timeout(200)
def test_java(servers):
    modules = subprocess.run(["java", "--list-modules"], capture_output=True, text=True, check=False).stdout
    if "jdk.compiler" not in modules:
        pytest.skip("this Java has no compiler in it")
    command = ["java", "-cp", f"{JARS}/*", str(EXAMPLES / "Consumer.java"), servers, "java"]
    assert first_lines(command, 3) == EXPECTED


@pytest.mark.kafka
@pytest.mark.timeout(300)
def test_node(servers, tmp_path):
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed")
    shutil.copy(EXAMPLES / "consumer.mjs", tmp_path)
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "kafkajs@2"]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    environment = {**os.environ, "KAFKAJS_NO_PARTITIONER_WARNING": "1"}
    command = ["node", "consumer.mjs", servers, "node"]
    assert first_lines(command, 3, cwd=tmp_path, env=environment) == EXPECTED


def test_examples_are_short():
    assert all(len(path.read_text().splitlines()) <= 30 for path in EXAMPLES.iterdir())


def test_the_description_names_topics_that_exist_and_kinds_that_are_sent():
    document = asyncapi(__version__)
    made = {spec.name: spec for spec in topics.specs(partitions=6, replication=3, retention_hours=168)}
    sent = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "pipeline").rglob("*.py") if path.name != "contract.py"
    )
    for channel in document["channels"].values():
        spec = made[channel["address"]]
        assert channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == [
            "compact" if spec.compact else "delete"
        ]
        for kind in channel["messages"]:
            assert f'"{kind}"' in sent
            assert kind in document["components"]["messages"]
