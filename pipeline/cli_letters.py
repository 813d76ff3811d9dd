"""`newswire dlq`: see the dead letters, send them again, give them up."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from pipeline.bus.log import Bus
from pipeline.letters import Done, Letter, Which, letters, settle
from pipeline.options import FAILED, ConfigOption, complain, settings_from, who

cli = typer.Typer(help="See the dead letters, send them again, give them up.", no_args_is_help=True)

TopicOption = Annotated[str | None, typer.Option(help="Of this topic, as wire.raw.")]
StageOption = Annotated[str | None, typer.Option(help="Refused by this stage.")]
CodeOption = Annotated[str | None, typer.Option("--error", help="Refused with this code.")]
UriOption = Annotated[str | None, typer.Option(help="Of this story.")]
RecordOption = Annotated[str | None, typer.Option(help="The one at these coordinates, as `list --each` shows them.")]
_FORMATS = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
SinceOption = Annotated[datetime | None, typer.Option(help="Refused at this time (UTC) or later.", formats=_FORMATS)]
UntilOption = Annotated[datetime | None, typer.Option(help="Refused before this time (UTC).", formats=_FORMATS)]
ByOption = Annotated[str, typer.Option(help="Who does this; your user name by default.")]
LimitOption = Annotated[int | None, typer.Option(help="So many at most.", min=1)]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@cli.command("list")
def list_letters(
    config: ConfigOption = None,
    topic: TopicOption = None,
    stage: StageOption = None,
    code: CodeOption = None,
    uri: UriOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    each: Annotated[bool, typer.Option("--each", help="Every letter on a line of its own.")] = False,
    settled: Annotated[bool, typer.Option("--settled", help="Also those that were seen to.")] = False,
) -> None:
    """How many there are, by topic, stage and error."""
    which = Which(topic, stage, code, uri, None, _utc(since), _utc(until))
    with _bus(config) as bus:
        found = letters(bus, which, settled=settled)
        if each:
            for letter in found:
                typer.echo(
                    f"{letter.record.coordinates}\t{letter.attempt}\t{letter.code}\t{letter.uri}\t{_short(letter)}"
                )
            return
        counts: Counter[tuple[str, str, str]] = Counter()
        newest: dict[tuple[str, str, str], datetime] = {}
        for letter in found:
            kind = (letter.topic, letter.stage, letter.code)
            counts[kind] += 1
            newest[kind] = max(newest.get(kind, letter.failed_at), letter.failed_at)
    table = Table("topic", "stage", "error", "letters", "newest")
    for kind, count in counts.most_common():
        table.add_row(*kind, str(count), f"{newest[kind]:%Y-%m-%d %H:%M:%S}")
    Console(soft_wrap=True).print(table if counts else "no dead letters")


@cli.command()
def show(
    record: Annotated[str, typer.Argument(help="Coordinates of the letter, as `list --each` shows them.")],
    config: ConfigOption = None,
) -> None:
    """One letter: its headers on standard error, its bytes on standard output."""
    with _bus(config) as bus:
        for letter in letters(bus, Which(record=record), settled=True):
            about = {name: value.decode("utf-8", "replace") for name, value in letter.record.headers}
            typer.echo(json.dumps({"key": letter.uri, "headers": about}, ensure_ascii=False, indent=2), err=True)
            sys.stdout.buffer.write(letter.record.value or b"")
            sys.stdout.buffer.flush()
            return
    complain(f"there is no letter at {record}")
    raise typer.Exit(FAILED)


@cli.command()
def replay(
    *,
    config: ConfigOption = None,
    topic: TopicOption = None,
    stage: StageOption = None,
    code: CodeOption = None,
    uri: UriOption = None,
    record: RecordOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    rate: Annotated[float | None, typer.Option(help="Letters a second at most.", min=0.1)] = None,
    limit: LimitOption = None,
    max_attempts: Annotated[int, typer.Option(help="Leave those that failed so often.", min=1)] = 5,
    by: ByOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Send letters again to where they were refused, in order; each once, however often this is called."""
    which = Which(topic, stage, code, uri, record, _utc(since), _utc(until))
    _settle(config, which, "replay", by=by, rate=rate, limit=limit, max_attempts=max_attempts, dry_run=dry_run)


@cli.command()
def drop(
    *,
    config: ConfigOption = None,
    topic: TopicOption = None,
    stage: StageOption = None,
    code: CodeOption = None,
    uri: UriOption = None,
    record: RecordOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = None,
    by: ByOption = "",
    dry_run: DryRunOption = False,
) -> None:
    """Give letters up; they stay readable with `list --settled` as long as their topic is kept."""
    which = Which(topic, stage, code, uri, record, _utc(since), _utc(until))
    if which == Which() and not dry_run:
        complain("this would drop every dead letter there is; say which, for instance with --topic")
        raise typer.Exit(FAILED)
    _settle(config, which, "drop", by=by, rate=None, limit=limit, max_attempts=1, dry_run=dry_run)


def _settle(
    config: ConfigOption,
    which: Which,
    action: Literal["replay", "drop"],
    *,
    by: str,
    rate: float | None,
    limit: int | None,
    max_attempts: int,
    dry_run: bool,
) -> None:
    with _bus(config) as bus:
        if dry_run:
            count = sum(1 for _ in letters(bus, which))
            typer.echo(f"would {action} {count if limit is None else min(count, limit)} letters")
            return
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(action, total=None)
            done = settle(
                bus,
                which,
                action,
                by=by or who(),
                rate=rate,
                limit=limit,
                max_attempts=max_attempts,
                progress=lambda count: bar.advance(task, count),
            )
    typer.echo(_told(done))


def _told(done: Done) -> str:
    return (
        f"replayed {done.replayed}, dropped {done.dropped}, "
        f"superseded by something newer {done.superseded}, left after too many attempts {done.exhausted}, "
        f"left since no parser reads them {done.unread}"
    )


@contextmanager
def _bus(config: ConfigOption) -> Iterator[Bus]:
    from pipeline.app import make_bus  # noqa: PLC0415  # keeps `newswire --help` fast

    bus = make_bus(settings_from(config))
    try:
        yield bus
    finally:
        bus.close()


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _short(letter: Letter) -> str:
    return " ".join(letter.why.split())[:120]
