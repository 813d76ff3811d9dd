"""`newswire feeds`: how every source fares."""

import json
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pipeline.options import ConfigOption, settings_from


def feeds(
    config: ConfigOption = None,
    state: Annotated[
        str | None, typer.Option(help="Only sources in this state: failing, quiet, moved, new, ok.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the health of every source, those first that want a person."""
    from pipeline.app import make_poll_memory  # noqa: PLC0415  # keeps `newswire --help` fast
    from pipeline.poll.health import healths  # noqa: PLC0415  # as above
    from pipeline.poll.sources import load_sources  # noqa: PLC0415  # as above

    settings = settings_from(config)
    sources = load_sources(settings.poll.sources)
    memory = make_poll_memory(settings)
    try:
        found = healths(sources, memory, datetime.now(UTC))
    finally:
        memory.close()
    wanted = [one for one in found if state is None or one.state == state]
    if as_json:
        for one in wanted:
            typer.echo(json.dumps(msgspec.to_builtins(one), ensure_ascii=False))
        return
    table = Table("source", "state", "failures", "interval", "last new item", "next poll", "pages waiting", "detail")
    for one in wanted:
        table.add_row(
            one.source,
            one.state,
            str(one.failures or ""),
            f"{one.interval:.0f} s" if one.interval else "",
            f"{one.last_item:%Y-%m-%d %H:%M:%S}" if one.last_item else "",
            f"{one.next_poll:%H:%M:%S}" if one.next_poll else "",
            str(one.pages or ""),
            one.detail,
        )
    Console().print(table)
