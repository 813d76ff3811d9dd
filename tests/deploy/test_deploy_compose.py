"""The compose file: understood by compose itself, confined, and its configuration accepted by newswire."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.settings import load
from pipeline.topics import CONSUMED

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("newswire:")}


def tool(name):
    """A program beside this Python, or on the path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


@pytest.mark.parametrize("profile", [[], ["--profile", "feeds"]])
def test_compose_understands_it(profile):
    program = tool("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed")
    command = [program, "-f", str(DEPLOY / "compose.yaml"), *profile, "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_stage_has_a_service():
    started = {service["command"][1] for service in OURS.values() if service["command"][0] == "run"}
    assert started == {"poll", "sink", *CONSUMED}


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_confined(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_configuration_is_accepted_with_what_each_service_adds(name):
    environment = {
        key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for key, value in OURS[name].get("environment", {}).items()
    }
    settings = load([DEPLOY / "compose" / "newswire.yaml"], environment)
    assert settings.bus.kind == "kafka"
    assert set(settings.sinks) == {"database", "files"}
    if name == "sink":
        assert "postgres/newswire" in settings.sinks["database"].dsn.get_secret_value()


def test_everything_published_is_on_loopback():
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_prometheus_scrapes_every_service_that_runs():
    config = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {target.split(":")[0] for target in config["scrape_configs"][0]["static_configs"][0]["targets"]}
    runs = {n for n, s in OURS.items() if s["command"][0] == "run" and not s.get("profiles")}
    assert targets == runs


def test_the_image_file_passes_hadolint():
    program = tool("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([program, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
