"""The two ways to remember, by one name each, and the server that one of them needs."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from state_server import Server, program  # found through the path just set

from pipeline.deduplicate import StoryIndex
from pipeline.poll.interfaces import PollMemory
from pipeline.state.sources_redis import RedisPollMemory
from pipeline.state.sources_sqlite import SqlitePollMemory
from pipeline.state.stories_redis import RedisStoryIndex
from pipeline.state.stories_sqlite import SqliteStoryIndex


def pytest_configure(config: pytest.Config) -> None:
    if program() is None and not config.getoption("collectonly"):
        sys.stderr.write("\n*** TESTS ON VALKEY OR REDIS WILL BE SKIPPED: neither is installed ***\n\n")


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.close()


@pytest.fixture
def state_server(_server: Server) -> Server:
    """A server that syncs every write, with nothing in it."""
    _server.empty()
    return _server


@pytest.fixture(params=["sqlite", "redis"])
def open_memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], PollMemory]]:
    """Opens the same memory of polling, as another process would."""
    server = request.getfixturevalue("state_server") if request.param == "redis" else None
    opened: list[PollMemory] = []

    def open_one() -> PollMemory:
        opened.append(RedisPollMemory(server.url) if server else SqlitePollMemory(tmp_path / "sources.db"))
        return opened[-1]

    yield open_one
    for memory in opened:
        memory.close()


@pytest.fixture(params=["sqlite", "redis"])
def open_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], StoryIndex]]:
    """Opens the same memory of stories, as another process would."""
    server = request.getfixturevalue("state_server") if request.param == "redis" else None
    opened: list[StoryIndex] = []

    def open_one() -> StoryIndex:
        opened.append(RedisStoryIndex(server.url) if server else SqliteStoryIndex(tmp_path / "stories.db"))
        return opened[-1]

    yield open_one
    for index in opened:
        index.close()
