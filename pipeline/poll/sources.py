"""The list of sources: `config/feeds.yaml` into frozen, validated values."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import Fatal

_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Strict):
    """Bounds of the time between two polls, in seconds; where in between is learned from the feed."""

    min: float = Field(60, ge=1)
    max: float = Field(1800, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min:g}) is greater than max ({self.max:g})")
        return self


class Credentials(_Strict):
    """Where the secrets of a source are to be found; never the secrets themselves.

    Each is the name of an environment variable, or ``file:`` and a path. `user` with `password` is HTTP
    basic, `bearer` an Authorization header; `hmac` is the key that signs what is pushed to us.
    """

    user: str | None = None
    password: str | None = None
    bearer: str | None = None
    hmac: str | None = None


class Source(_Strict):
    """One source: an address that is polled, a folder that is watched, or a sender that pushes."""

    id: Annotated[str, Field(pattern=_ID)]
    """Lower-case letters, digits, dots, hyphens and underscores; part of story uris and metric labels."""
    kind: Literal["http", "folder", "push"] = "http"
    url: str | None = None
    folder: Path | None = None
    agency: str | None = None
    language: str | None = None
    timezone: str | None = None
    """IANA name, for times that the source writes without one."""
    credentials: Credentials = Credentials()
    interval: Interval = Interval()
    priority: int = Field(5, ge=1, le=9)
    """1 is polled first where several are due."""
    tags: tuple[str, ...] = ()
    internal: bool = False
    """Whether private, loopback and link-local addresses are allowed."""
    proxy: str | None = None
    fulltext: Literal["feed", "page"] = "feed"
    """``page``: the feed carries teasers, and the article page of each entry is fetched for its text."""
    websub: bool = True
    """Whether to subscribe with the hub that the feed names, where this installation takes deliveries."""
    enabled: bool = True

    @field_validator("url", "proxy")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        if value is not None and "@" in value.split("//", 1)[1].split("/", 1)[0]:
            raise ValueError("holds a user name or password; name them under credentials instead")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(f"there is no time zone {value!r}") from error
        return value

    @model_validator(mode="after")
    def _has_place(self) -> Self:
        wanted = {"http": "url", "folder": "folder"}.get(self.kind)
        if wanted and getattr(self, wanted) is None:
            raise ValueError(f"a source of kind {self.kind} needs {wanted}")
        if self.kind == "push" and not (self.credentials.bearer or self.credentials.hmac):
            raise ValueError("a source of kind push needs credentials.bearer or credentials.hmac")
        return self


class SourcesError(Fatal):
    """The list can't be used; `mistakes` says all that is wrong with it, one sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


def load_sources(path: Path | str) -> tuple[Source, ...]:
    """Read the list; sources with ``enabled: false`` are checked and left out.

    Raises:
        SourcesError: with every mistake in the file.
    """
    return tuple(source for source in parse_sources(_read(Path(path)), str(path)) if source.enabled)


def parse_sources(text: str, where: str) -> tuple[Source, ...]:
    """All sources in the text of a list; `where` is the name that mistakes are reported under.

    Raises:
        SourcesError: with every mistake in the text.
    """
    try:
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506  # both loaders are the safe ones
    except yaml.YAMLError as error:
        raise SourcesError([f"{where}: not YAML: {' '.join(str(error).split())}"]) from error
    if data is None:
        return ()
    if not isinstance(data, dict) or not isinstance(data.get("sources"), list):
        raise SourcesError([f"{where}: must be a mapping with a list under `sources`"])
    mistakes = [
        f"{where}: unknown key {key!r}{_nearest(str(key), ('sources', 'defaults'))}"
        for key in data
        if key not in ("sources", "defaults")
    ]
    defaults = data.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise SourcesError([*mistakes, f"{where}: `defaults` must be a mapping"])
    sources = []
    for number, entry in enumerate(data["sources"], 1):
        name = f"{where}: source {number}" + (f" ({entry['id']})" if isinstance(entry, dict) and "id" in entry else "")
        if not isinstance(entry, dict):
            mistakes.append(f"{name}: must be a mapping")
            continue
        try:
            sources.append(Source.model_validate({**defaults, **entry}))
        except ValidationError as error:
            mistakes += [f"{name}: {mistake}" for mistake in _mistakes(error)]
    mistakes += [f"{where}: the id {name!r} is used {count} times" for name, count in _repeated(sources)]
    if mistakes:
        raise SourcesError(mistakes)
    return tuple(sources)


# The C loader reads thousands of sources in the time that the other takes for hundreds.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError([f"{path}: can't be read: {error}"]) from error


def _repeated(sources: Sequence[Source]) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = {}
    for source in sources:
        counts[source.id] = counts.get(source.id, 0) + 1
    return ((name, count) for name, count in counts.items() if count > 1)


def _mistakes(error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        place = ".".join(str(part) for part in one["loc"])
        if one["type"] == "extra_forbidden":
            model = _PARTS.get(str(one["loc"][0]), Source)
            key = str(one["loc"][-1])
            yield f"unknown key {place!r}{_nearest(key, tuple(model.model_fields))}"
        else:
            # The value is left out on purpose: a secret may stand where only its name should.
            yield (
                f"{place}: {one['msg'].removeprefix('Value error, ')}"
                if place
                else one["msg"].removeprefix("Value error, ")
            )


_PARTS: dict[str, type[BaseModel]] = {"interval": Interval, "credentials": Credentials}


def _nearest(key: str, valid: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, valid, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; valid are {', '.join(valid)}"
