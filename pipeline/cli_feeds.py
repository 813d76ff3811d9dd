"""`newswire feeds`: how every source fares, and lists of feeds in and out."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pipeline.errors import Fatal, Permanent
from pipeline.options import ConfigOption, settings_from

cli = typer.Typer(help="See how the sources fare; take lists of feeds in and out.", invoke_without_command=True)


@cli.callback()
def feeds(
    context: typer.Context,
    config: ConfigOption = None,
    state: Annotated[
        str | None, typer.Option(help="Only sources in this state: failing, quiet, moved, new, ok.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the health of every source, those first that want a person."""
    if context.invoked_subcommand is not None:
        return
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


@cli.command("import")
def import_feeds(
    file: Annotated[Path, typer.Argument(help="An OPML document, as feed readers export it.", exists=True)],
) -> None:
    """Print the feeds of an OPML document as a list of sources, to be looked at and saved."""
    from pipeline.poll.opml import import_opml, to_yaml  # noqa: PLC0415  # keeps `newswire --help` fast
    from pipeline.poll.sources import parse_sources  # noqa: PLC0415  # as above

    try:
        text = to_yaml(import_opml(file.read_bytes()))
    except Permanent as error:
        raise Fatal(f"{file}: {error.why}") from error
    parse_sources(text, str(file))
    typer.echo(text, nl=False)


@cli.command("export")
def export_feeds(config: ConfigOption = None) -> None:
    """Print the polled sources as OPML; credentials are not part of it."""
    from pipeline.poll.opml import export_opml  # noqa: PLC0415  # as above
    from pipeline.poll.sources import load_sources  # noqa: PLC0415  # as above

    typer.echo(export_opml(load_sources(settings_from(config).poll.sources)).decode(), nl=False)
