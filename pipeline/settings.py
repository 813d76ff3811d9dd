"""Configuration: YAML files and the environment in, one frozen, validated `Settings` out.

Later files override earlier ones and the environment overrides all. `NEWSWIRE_BUS__KIND=kafka` sets
``bus.kind``; the same name with `_FILE` at its end reads the value from a file, for mounted secrets.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

PREFIX = "NEWSWIRE_"
_SHORTEST_SECRET = 16
STAGES = ("poll", "normalise", "deduplicate", "enrich", "release", "sink")


class SettingsError(Exception):
    """Everything that is wrong with a configuration; `mistakes` has one line each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = list(mistakes)


class Section(BaseModel):
    """Base of all sections: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class KafkaSettings(Section):
    """The distributed log. `security` is passed to the client as it is (names of kafka-python)."""

    bootstrap_servers: str = "127.0.0.1:9092"
    client_id: str = "newswire"
    transaction_timeout: float = Field(10.0, gt=0, le=900)
    """Seconds; a process whose transaction is open for more than twice this ends itself."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_key_password: SecretStr | None = None
    ssl_check_hostname: bool = True

    def security(self) -> dict[str, Any]:
        """The security options that are set, under kafka-python's names."""
        options: dict[str, Any] = {"security_protocol": self.security_protocol}
        plain = {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password.get_secret_value() if self.sasl_password else None,
            "ssl_cafile": self.ssl_cafile,
            "ssl_certfile": self.ssl_certfile,
            "ssl_keyfile": self.ssl_keyfile,
            "ssl_password": self.ssl_key_password.get_secret_value() if self.ssl_key_password else None,
        }
        options.update((k, v) for k, v in plain.items() if v is not None)
        if self.security_protocol.endswith("SSL"):
            options["ssl_check_hostname"] = self.ssl_check_hostname
        return options


class BusSettings(Section):
    """The log that stories travel on."""

    kind: Literal["sqlite", "kafka"] = "sqlite"
    path: Path = Path("data/log.db")
    """The embedded log's file (kind: sqlite)."""
    session_timeout: float = Field(10.0, gt=0)
    """Seconds after which a silent member loses its partitions."""
    kafka: KafkaSettings = KafkaSettings()


class StateSettings(Section):
    """What must be remembered: seen items, stories, leases. What a server needs: docs/state.md."""

    kind: Literal["sqlite", "redis"] = "sqlite"
    """`redis` is a Valkey or Redis server, which workers on several machines share."""
    path: Path = Path("data/state")
    """The folder of the SQLite files; workers on one machine share it. Names of processes are always here."""
    url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    """The server (kind: redis): ``redis://``, ``rediss://`` for TLS or ``unix://``, with user and password."""
    prefix: str = Field("nw:", max_length=32)
    """Of all keys on the server, so that several installations can share it."""
    timeout: float = Field(10.0, gt=0)
    """Seconds, for each call on the server."""
    keep_days: float = Field(30.0, ge=4, le=3650)
    """After which a story is forgotten, counted from its last version; a file may take a third longer."""


class TopicSettings(Section):
    """How topics are made."""

    partitions: int = Field(6, ge=1, le=10_000)
    replication: int = Field(1, ge=1)
    retention_hours: float = Field(168.0, gt=0)
    """Of every topic but `wire.latest`, which keeps the newest version of every story."""


class PollSettings(Section):
    """How sources are asked."""

    sources: Path = Path("config/feeds.yaml")
    contact: str = ""
    """A web page or mail address that publishers can reach you at; part of the User-Agent."""
    concurrency: int = Field(64, ge=1)
    metrics_per_source: bool = True
    """Whether metrics tell sources apart; with thousands of them they had better not."""
    websub_callback: str = ""
    """The public address of this process's HTTP side, for WebSub hubs to call: ``https://wire.example.org``. Empty: no
    hub is asked for anything."""
    websub_secret: SecretStr | None = None
    """Proves what hubs bring; the same for all processes, at least 16 characters, best from the environment."""

    @model_validator(mode="after")
    def _websub_is_whole(self) -> Self:
        if not self.websub_callback:
            return self
        if not self.websub_callback.startswith(("https://", "http://")):
            raise ValueError("websub_callback must start with https:// or http://")
        if self.websub_secret is None or len(self.websub_secret.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"websub_callback needs a websub_secret of at least {_SHORTEST_SECRET} characters")
        return self


class WorkSettings(Section):
    """How workers take batches."""

    batch: int = Field(100, ge=1, le=10_000)
    """Records in one transaction at most. More are faster in bulk; fewer let a kill overtake a backlog sooner, since it
    waits at each stage for the batch in hand."""
    attempts: int = Field(5, ge=1)
    """At one batch, before it is given back to the log."""


class EnrichSettings(Section):
    """Which enrichers run, in order; empty for the default ones."""

    enrichers: tuple[str, ...] = ()


class PolicySettings(Section):
    """What is done with a source's stories that may not simply run."""

    embargoed: Literal["hold", "pass"] = "hold"
    """`pass` is for those whose readers keep embargoes themselves."""
    withheld: Literal["hold", "drop"] = "hold"
    notices: Literal["drop", "pass"] = "drop"
    """Advisories and test messages."""


class ReleaseSettings(PolicySettings):
    """The policy of all sources, and of those that have their own, by id."""

    sources: dict[str, PolicySettings] = {}


class JsonLinesSink(Section):
    """Stories as lines of JSON in rotating files."""

    kind: Literal["jsonl"]
    path: Path = Path("data/out")
    rotate_bytes: int = Field(128 * 1024 * 1024, ge=1024)


class SqliteSink(Section):
    """Newest version of each story in an SQLite table with full-text search."""

    kind: Literal["sqlite"]
    path: Path = Path("data/stories.db")


class PostgresSink(Section):
    """Newest version of each story in a PostgreSQL table with full-text search. Needs the extra `postgres`."""

    kind: Literal["postgres"]
    dsn: SecretStr = SecretStr("postgresql://localhost/newswire")
    """A connection string, as libpq reads it."""
    table_schema: str = Field("newswire", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    timeout: float = Field(30.0, gt=0)
    """Seconds, for connecting and for each statement."""


class WebhookSink(Section):
    """Every released version, posted to an address, signed as Standard Webhooks 1.0 says."""

    kind: Literal["webhook"]
    url: str = Field("", pattern=r"^https?://\S+$")
    secret: SecretStr | None = None
    headers: dict[str, str] = {}
    concurrency: int = Field(8, ge=1, le=100)
    timeout: float = Field(10.0, gt=0)
    """Seconds for each post."""


SinkSettings = Annotated[JsonLinesSink | SqliteSink | PostgresSink | WebhookSink, Field(discriminator="kind")]


class HttpSettings(Section):
    """Health and metrics."""

    host: str = "127.0.0.1"
    port: int = Field(9464, ge=0, le=65_535)
    """0 takes a free one."""
    token: SecretStr | None = None
    """What the console asks for. Where it is not set, there is a console on loopback only, since it shows what is
    under embargo. Health and metrics stay open."""


class LogSettings(Section):
    """Logs go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Settings(Section):
    """Everything that can be set."""

    bus: BusSettings = BusSettings()
    state: StateSettings = StateSettings()
    topics: TopicSettings = TopicSettings()
    poll: PollSettings = PollSettings()
    work: WorkSettings = WorkSettings()
    enrich: EnrichSettings = EnrichSettings()
    release: ReleaseSettings = ReleaseSettings()
    sinks: dict[str, SinkSettings] = {"files": JsonLinesSink(kind="jsonl"), "search": SqliteSink(kind="sqlite")}
    """By name; each is a consumer group of its own."""
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    instance: str = ""
    """A name of this process that no other has and that is the same after a restart; where empty, the host's
    name and the first number that is free on it."""


_SINK_KINDS: dict[str, type[BaseModel]] = {
    "jsonl": JsonLinesSink,
    "sqlite": SqliteSink,
    "postgres": PostgresSink,
    "webhook": WebhookSink,
}


def load(files: Sequence[Path], environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `files` in order, lay the environment over them and validate the whole.

    Raises:
        SettingsError: with every mistake found.
    """
    mistakes: list[str] = []
    merged: dict[str, Any] = {}
    for file in files:
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except OSError as error:
            mistakes.append(f"{file}: {error.strerror}")
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mistakes.append(f"{file}: not YAML: {' '.join(str(error).split())}")
        else:
            if content is not None and not isinstance(content, dict):
                mistakes.append(f"{file}: a mapping is needed at the top")
            else:
                _merge(merged, content or {})
    mistakes += _lay_environment(merged, environment)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        mistakes += [_explain(e["loc"], e["type"], e["msg"], e["input"]) for e in error.errors()]
        raise SettingsError(mistakes) from None
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file, for editors."""
    schema = Settings.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "newswire configuration"
    return schema


def _merge(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        else:
            into[key] = value


def _lay_environment(merged: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    mistakes = []
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        path = name.removeprefix(PREFIX).lower()
        if path.endswith("_file"):
            path = path.removesuffix("_file")
            try:
                value: Any = Path(text).read_text(encoding="utf-8").strip()
            except OSError as error:
                mistakes.append(f"{name}: {text}: {error.strerror}")
                continue
        else:
            value = _scalar(text)
        nested: Any = value
        for part in reversed(path.split("__")):
            nested = {part: nested}
        _merge(merged, nested)
    return mistakes


_NOT_SETTINGS = frozenset({"NEWSWIRE_CONFIG"})


def _scalar(text: str) -> Any:
    # YAML reads numbers, booleans and lists; what it can't read is taken as the text it is.
    try:
        return yaml.safe_load(text) if text else text
    except yaml.YAMLError:
        return text


def _explain(location: tuple[int | str, ...], kind: str, message: str, given: Any) -> str:
    # A sink's kind stands in the location of a mistake inside it: sinks.NAME.KIND.key.
    shown_at = location[:2] + location[3:] if location[:1] == ("sinks",) else location
    parts = [str(p) for p in shown_at]
    where = ".".join(parts)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(parts[-1], _valid_keys(location), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else f"; valid keys: {', '.join(_valid_keys(location))}"
        return f"{where}: unknown key{hint}"
    shown = "" if isinstance(given, dict) or not where else f" (given: {_safe(where, given)})"
    return f"{where or 'configuration'}: {message.removeprefix('Value error, ')}{shown}"


def _safe(where: str, given: Any) -> str:
    secret = any(word in where for word in ("password", "secret", "token", "dsn", "url"))
    return "***" if secret else repr(given)


def _valid_keys(location: Sequence[int | str]) -> list[str]:
    """The keys that may stand where the last part of `location` stands."""
    if location[:1] == ("sinks",):  # sinks, name, kind, key
        model = _SINK_KINDS.get(str(location[2])) if len(location) > len(("sinks", "name")) else None
        return list(model.model_fields) if model else []
    section: type[BaseModel] = Settings
    for part in location[:-1]:
        annotation = section.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            section = annotation
    return list(section.model_fields)
