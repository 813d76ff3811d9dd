"""What all tests may use: a real broker, one for the whole session."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kafka_broker import Cluster, require_kafka, unavailable  # found through the path just set
from postgres_server import Postgres, require_postgres


def pytest_configure(config: pytest.Config) -> None:
    reason = unavailable()
    if reason is not None and not config.getoption("collectonly"):
        sys.stderr.write(f"\n*** TESTS ON REAL KAFKA WILL BE SKIPPED: {reason} ***\n\n")


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap string of a broker: an existing one, or one started for this session."""
    require_kafka()
    existing = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if existing:
        yield existing
        return
    with Cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster.servers


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that a test may stop and start again."""
    server = Postgres(require_postgres())
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def kafka_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers that a test may kill and start again."""
    require_kafka()
    with Cluster(tmp_path_factory.mktemp("kafka-cluster"), size=3) as cluster:
        yield cluster
