"""`newswire check`: can everything that the configuration names be reached?"""

import contextlib
from collections.abc import Callable, Iterator

from pipeline.app import make_bus, make_index, make_sink
from pipeline.errors import NewswireError
from pipeline.poll.reach import reach
from pipeline.poll.sources import SourcesError, load_sources
from pipeline.settings import Settings

Check = tuple[str, bool, str]


def checks(settings: Settings, *, offline: bool) -> Iterator[Check]:
    """One `(what, reached, detail)` after the other, as each is tried."""
    try:
        sources = load_sources(settings.poll.sources)
    except SourcesError as error:
        yield from (("sources", False, mistake) for mistake in error.mistakes)
        sources = ()
    else:
        yield ("sources", True, f"{len(sources)} in {settings.poll.sources}")
    if offline:
        return
    for source, good, detail in reach(sources, contact=settings.poll.contact):
        yield (f"source {source}", good, detail)
    yield _try("log", lambda: _bus(settings))
    yield _try("state", lambda: _state(settings))
    for name in settings.sinks:
        yield _try(f"sink {name}", lambda name=name: _sink(settings, name))  # type: ignore[misc]  # bound now


def _try(what: str, reach: Callable[[], str]) -> Check:
    try:
        return (what, True, reach())
    except (NewswireError, OSError) as error:
        return (what, False, str(error))


def _bus(settings: Settings) -> str:
    bus = make_bus(settings)
    try:
        return bus.check()
    finally:
        bus.close()


def _state(settings: Settings) -> str:
    if settings.state.kind == "redis":
        from pipeline.state.server_redis import check, connect  # noqa: PLC0415  # SQLite runs without the client

        with contextlib.closing(connect(settings.state.url.get_secret_value(), settings.state.timeout)) as client:
            return check(client)
    make_index(settings).close()
    return str(settings.state.path)


def _sink(settings: Settings, name: str) -> str:
    sink = make_sink(name, settings.sinks[name])
    sink.open()
    sink.close()
    return settings.sinks[name].kind
