"""The suite of the bus runs against both logs: ask for the fixture `lab`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bus_lab import Lab

from pipeline.bus.log import Bus
from pipeline.bus.sqlite import SqliteBus


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    connect: Callable[[], Bus]
    if request.param == "sqlite":
        path = tmp_path / "log.db"

        def connect() -> Bus:
            return SqliteBus(path)

        patience = 20.0
    else:
        servers = request.getfixturevalue("kafka_broker")
        from pipeline.bus.kafka import KafkaBus  # noqa: PLC0415  # the client is loaded only where there is a broker

        def connect() -> Bus:
            return KafkaBus(servers, client_id="contract")

        patience = 60.0
    made = Lab(request.param, connect, patience)
    try:
        yield made
    finally:
        made.close()
