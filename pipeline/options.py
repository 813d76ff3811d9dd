"""What the subcommands share: where the configuration is, exit codes, and how to complain."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from pipeline.settings import Settings, load

DONE, FAILED, USAGE = 0, 1, 2
DEFAULT_CONFIG = Path("config/newswire.yaml")

ConfigOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        "-c",
        envvar="NEWSWIRE_CONFIG",
        help="A configuration file; may be given several times, later ones win. "
        "Default: config/newswire.yaml where it exists.",
    ),
]


def settings_from(config: list[Path] | None) -> Settings:
    """The settings of the files given, or of the default one."""
    files = config or ([DEFAULT_CONFIG] if DEFAULT_CONFIG.exists() else [])
    return load(files)


def who() -> str:
    """The name that is put to what somebody asks for."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def complain(text: str) -> None:
    """One line on standard error."""
    typer.echo(f"newswire: {text}", err=True)
