"""The `newswire` command; thin: every subcommand calls what does the work."""

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline import __version__
from pipeline.cli_feeds import cli as feeds_cli
from pipeline.cli_letters import cli as letters_cli
from pipeline.errors import Fatal, NewswireError
from pipeline.options import DONE, FAILED, USAGE, ConfigOption, complain, settings_from
from pipeline.settings import SettingsError

cli = typer.Typer(
    name="newswire",
    help="Streaming ingestion for wire-service feeds: nothing lost, nothing doubled, nothing published too early.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
held_cli = typer.Typer(help="See the stories that are held, and act on them.", invoke_without_command=True)
cli.add_typer(held_cli, name="held")
cli.add_typer(letters_cli, name="dlq")
cli.add_typer(feeds_cli, name="feeds")
topics_cli = typer.Typer(help="See and make the topics of the log.", no_args_is_help=True)
cli.add_typer(topics_cli, name="topics")


def main() -> None:
    """Run the command; errors are one clear line, and exit codes are those of the manual."""
    try:
        cli()
    except SettingsError as error:
        for mistake in error.mistakes:
            complain(mistake)
        raise SystemExit(USAGE) from None
    except NewswireError as error:
        complain(str(error))
        raise SystemExit(FAILED) from None
    except BrokenPipeError:
        # The reader of a pipe had enough; that is no failure of ours.
        sys.stderr.close()
        raise SystemExit(DONE) from None


def _version(wanted: bool) -> None:  # noqa: FBT001  # the option's own value
    if wanted:
        typer.echo(f"newswire {__version__}")
        raise typer.Exit


@cli.callback()
def _root(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


@cli.command()
def run(
    stages: Annotated[
        list[str] | None,
        typer.Argument(help="poll, normalise, deduplicate, enrich, release, sink, or sink-NAME; all by default."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Run stages as a long-lived service, until SIGTERM."""
    from pipeline.run import run_services  # noqa: PLC0415  # keeps `newswire --help` fast

    raise SystemExit(run_services(settings_from(config), stages or []))


@cli.command()
def process(
    files: Annotated[list[str], typer.Argument(help="Files of any wire format; `-` reads standard input.")],
    received: Annotated[
        datetime | None,
        typer.Option(
            help="When the files were received, ISO 8601; the clock by default.",
            formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        ),
    ] = None,
) -> None:
    """Parse, normalise, deduplicate and enrich files; ninjs lines on standard output.

    No log and no server is used. Refusals go to standard error as JSON lines, and the exit code is 1 if
    there were any.
    """
    from pipeline.process import process_files  # noqa: PLC0415  # keeps `newswire --help` fast

    raise SystemExit(process_files(files, received, sys.stdout.buffer, sys.stderr))


@cli.command()
def check(
    config: ConfigOption = None,
    offline: Annotated[bool, typer.Option(help="Only validate; reach nothing.")] = False,
) -> None:
    """Validate the configuration, and reach the log, the stores, the sinks and the sources."""
    from pipeline.check import checks  # noqa: PLC0415  # keeps `newswire --help` fast

    settings = settings_from(config)
    typer.echo("configuration: valid")
    failed = False
    for name, good, detail in checks(settings, offline=offline):
        typer.echo(f"{name}: {'ok' if good else 'FAILED'}: {detail}", err=not good)
        failed |= not good
    raise typer.Exit(FAILED if failed else DONE)


@cli.command()
def health(
    config: ConfigOption = None,
    ready: Annotated[bool, typer.Option("--ready", help="Also that it takes part in the work.")] = False,
) -> None:
    """Ask the process that runs on this host whether it is alive; exit 1 if not."""
    import http.client  # noqa: PLC0415  # only here

    settings = settings_from(config)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.http.host, settings.http.host)  # noqa: S104  # not bound
    connection = http.client.HTTPConnection(host, settings.http.port, timeout=4)
    try:
        connection.request("GET", "/ready" if ready else "/live")
        answer = connection.getresponse()
        typer.echo(answer.read().decode("utf-8", "replace").strip())
        good = answer.status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException) as error:
        complain(f"nothing answers at {host}:{settings.http.port}: {error}")
        good = False
    finally:
        connection.close()
    raise typer.Exit(DONE if good else FAILED)


@cli.command()
def demo(
    folder: Annotated[Path | None, typer.Option(help="Keep everything here; by default it goes with the demo.")] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated world.")] = 1,
    rate: Annotated[float, typer.Option(help="Deliveries a second.", min=0.01, max=1000)] = 2.0,
    port: Annotated[int, typer.Option(help="Of the console; 0 takes a free one.")] = 9464,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
) -> None:
    """Show the whole pipeline at work on a simulated wire; no server is needed."""
    from pipeline.demo import run_demo  # noqa: PLC0415  # keeps `newswire --help` fast

    raise typer.Exit(run_demo(folder, seed=seed, rate=rate, port=port, log_level=log_level))


@cli.command()
def simulate(
    folder: Annotated[Path, typer.Option(help="Where the agencies that send files put them.")] = Path("data/drop"),
    sources: Annotated[Path | None, typer.Option(help="Write the list of sources of this wire here.")] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated world.")] = 1,
    rate: Annotated[float, typer.Option(help="Deliveries a second.", min=0.01, max=1000)] = 2.0,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of the feeds; 0 takes a free one.")] = 8080,
    base_url: Annotated[str, typer.Option(help="Where others reach the feeds, if elsewhere.")] = "",
) -> None:
    """Serve a wire world that does not exist: agencies, languages, evolving stories."""
    import yaml  # noqa: PLC0415  # keeps `newswire --help` fast

    from pipeline.simulate.serve import SimulatedWire  # noqa: PLC0415  # as above

    wire = SimulatedWire(folder, seed=seed, rate=rate, host=host, port=port, base=base_url or None, remember=0)
    stop = threading.Event()
    with _interrupted(stop):
        wire.start()
        try:
            if sources is not None:
                part = sources.with_name(f".{sources.name}.part")
                part.write_text(yaml.safe_dump(wire.sources()), encoding="utf-8")
                part.replace(sources)
            typer.echo(f"simulating at {wire.base}, files in {folder}")
            stop.wait()
        except KeyboardInterrupt:
            pass
        finally:
            wire.stop()


def _topic_changes(config: list[Path] | None, *, apply: bool) -> None:
    from pipeline.app import make_bus, topic_specs  # noqa: PLC0415  # keeps `newswire --help` fast

    settings = settings_from(config)
    bus = make_bus(settings)
    try:
        changes = (bus.apply if apply else bus.plan)(topic_specs(settings))
    finally:
        bus.close()
    for change in changes:
        typer.echo(f"{change.action:10} {change.topic:24} {change.detail}")
    if not changes:
        typer.echo("nothing to change")
    if any(change.action == "refuse" for change in changes):
        raise typer.Exit(FAILED)


@topics_cli.command()
def plan(config: ConfigOption = None) -> None:
    """Show what `apply` would change."""
    _topic_changes(config, apply=False)


@topics_cli.command()
def apply(config: ConfigOption = None) -> None:
    """Create and adjust the topics; nothing is deleted."""
    _topic_changes(config, apply=True)


@held_cli.callback()
def held(
    context: typer.Context,
    config: ConfigOption = None,
    kills: Annotated[bool, typer.Option(help="Also the marks that killed stories leave.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """See the stories that are held, the next due first."""
    from pipeline.desk import list_held  # noqa: PLC0415  # keeps `newswire --help` fast

    if context.invoked_subcommand is None:
        list_held(settings_from(config), kills=kills, as_json=as_json)


UriArgument = Annotated[str, typer.Argument(help="The story's uri.")]
VersionOption = Annotated[str | None, typer.Option(help="Only if this is the version held.")]
ByOption = Annotated[str, typer.Option(help="Who asks; your user name by default.")]
WhyOption = Annotated[str, typer.Option(help="The reason, for the log.")]


@held_cli.command("release")
def release_held(
    uri: UriArgument, config: ConfigOption = None, version: VersionOption = None, by: ByOption = "", why: WhyOption = ""
) -> None:
    """Let a held story run now."""
    from pipeline.desk import ask  # noqa: PLC0415  # keeps `newswire --help` fast

    ask(settings_from(config), "release", uri, version=version, by=by, why=why)


@held_cli.command("drop")
def drop_held(
    uri: UriArgument, config: ConfigOption = None, version: VersionOption = None, by: ByOption = "", why: WhyOption = ""
) -> None:
    """Take a held story off the shelf; it never runs."""
    from pipeline.desk import ask  # noqa: PLC0415  # keeps `newswire --help` fast

    ask(settings_from(config), "drop", uri, version=version, by=by, why=why)


@cli.command()
def trace(
    uri: UriArgument,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Tell one story's whole way: deliveries, decisions and their evidence, holds, releases, refusals."""
    from pipeline.desk import show_trace  # noqa: PLC0415  # keeps `newswire --help` fast

    if not show_trace(settings_from(config), uri, as_json=as_json):
        complain(f"the log knows nothing of {uri}")
        raise typer.Exit(FAILED)


@cli.command()
def tail(
    topic: Annotated[str, typer.Argument(help="Which topic to read.")] = "wire.stories",
    config: ConfigOption = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", "-b", help="Also what is there already.")] = False,
    follow: Annotated[bool, typer.Option(help="Wait for more; --no-follow ends at the end.")] = True,
    headers: Annotated[bool, typer.Option("--headers", "-H", help="Print coordinates, key and headers too.")] = False,
) -> None:
    """Print the records of a topic as they come, one JSON value a line."""
    from pipeline.app import make_bus  # noqa: PLC0415  # keeps `newswire --help` fast

    bus = make_bus(settings_from(config))
    reader = bus.reader()
    stop = threading.Event()
    with _interrupted(stop):
        since = None if from_beginning or not follow else int(time.time() * 1000)
        try:
            for record in reader.read(topic, since_ms=since, follow=follow):
                if headers:
                    about = {k: v.decode("utf-8", "replace") for k, v in record.headers}
                    key = (record.key or b"").decode("utf-8", "replace")
                    line = {"record": record.coordinates, "key": key, "headers": about}
                    typer.echo(json.dumps(line, ensure_ascii=False))
                sys.stdout.buffer.write((record.value or b"null") + b"\n")
                sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            pass
        finally:
            reader.close()
            bus.close()


@contextmanager
def _interrupted(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM end a command the way Ctrl-C does."""

    def handle(_number: int, _frame: object) -> None:
        stop.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@cli.command()
def search(
    query: Annotated[str, typer.Argument(help="Words that must occur, or an FTS5 query.")],
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(help="Stories at most.", min=1)] = 20,
) -> None:
    """Find stories in the SQLite sink, best first, one ninjs line each."""
    from pipeline.settings import SqliteSink  # noqa: PLC0415  # keeps `newswire --help` fast
    from pipeline.sink.sqlite import search as find  # noqa: PLC0415  # as above

    paths = [s.path for s in settings_from(config).sinks.values() if isinstance(s, SqliteSink)]
    if not paths:
        complain("search needs a sink of kind sqlite in the configuration")
        raise typer.Exit(USAGE)
    for document in find(paths[0], query, limit=limit):
        sys.stdout.buffer.write(document + b"\n")


@cli.command()
def lag(config: ConfigOption = None) -> None:
    """How many records each stage and sink has still to take."""
    from pipeline.app import make_bus, readers  # noqa: PLC0415  # keeps `newswire --help` fast

    settings = settings_from(config)
    bus = make_bus(settings)
    table = Table("stage", "topic", "partition", "lag")
    try:
        for stage, group, consumed in readers(settings):
            for (topic, partition), behind in sorted(bus.group_lag(group, consumed).items()):
                table.add_row(stage, topic, str(partition), str(behind))
    finally:
        bus.close()
    Console().print(table)


__all__ = ["Fatal", "cli", "main"]


if __name__ == "__main__":
    main()
