"""Configuration: every mistake at once, the nearest key named, the environment over all."""

from pathlib import Path

import pytest

from pipeline.settings import Settings, SettingsError, load

ROOT = Path(__file__).parents[2]


def written(tmp_path, text, name="c.yaml"):
    file = tmp_path / name
    file.write_text(text)
    return file


def mistakes(*files, environment=None):
    with pytest.raises(SettingsError) as raised:
        load(files, environment or {})
    return raised.value.mistakes


def test_the_shipped_file_says_nothing_but_the_defaults():
    assert load([ROOT / "config/newswire.yaml"], {}) == Settings()


def test_later_files_and_then_the_environment_win(tmp_path):
    first = written(tmp_path, "bus: {kind: kafka, kafka: {client_id: a}}\nhttp: {port: 1}", "a.yaml")
    second = written(tmp_path, "bus: {kafka: {client_id: b}}", "b.yaml")
    settings = load([first, second], {"NEWSWIRE_HTTP__PORT": "2", "OTHER": "x"})
    assert (settings.bus.kind, settings.bus.kafka.client_id, settings.http.port) == ("kafka", "b", 2)


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path):
    secret = written(tmp_path, "hunter2\n", "secret")
    settings = load([], {"NEWSWIRE_BUS__KAFKA__SASL_PASSWORD_FILE": str(secret)})
    assert settings.bus.kafka.security()["sasl_plain_password"] == "hunter2"
    assert "hunter2" not in repr(settings)


def test_every_mistake_is_told_at_once_with_the_nearest_key(tmp_path):
    file = written(
        tmp_path, "bus: {knd: sqlite}\nwrk: 1\nhttp: {port: 99999999}\nsinks: {a: {kind: jsonl, pth: x}, b: {kind: no}}"
    )
    found = mistakes(file, tmp_path / "absent.yaml", environment={"NEWSWIRE_LOG__LEVLE": "info"})
    text = "\n".join(found)
    assert len(found) == 7
    assert "absent.yaml: No such file" in text
    assert "bus.knd: unknown key; did you mean 'kind'?" in text
    assert "wrk: unknown key; did you mean 'work'?" in text
    assert "http.port:" in text
    assert "sinks.a.pth: unknown key; did you mean 'path'?" in text
    assert "'jsonl', 'sqlite'" in text
    assert "log.levle: unknown key; did you mean 'level'?" in text


@pytest.mark.parametrize("text", ["a: [", "- a", "\x00"])
def test_what_is_no_configuration_is_told_with_the_file_name(tmp_path, text):
    file = written(tmp_path, text)
    assert all(str(file) in m for m in mistakes(file))
