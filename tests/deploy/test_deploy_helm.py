"""The chart: linted, rendered, and every object valid for Kubernetes and confined."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.poll.sources import load_sources
from pipeline.settings import load
from pipeline.topics import CONSUMED, group

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "newswire"
EVERYTHING = "autoscaling.enabled=true,serviceMonitor.enabled=true,prometheusRule.enabled=true"
EXTENSIONS = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds of other projects, whose schemas Kubernetes itself does not have."""
HELM = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")

pytestmark = pytest.mark.skipif(HELM is None, reason="helm is not installed (`make tools`)")


def helm(*arguments):
    return subprocess.run([HELM or "", *arguments], capture_output=True, text=True, check=False)


def render(*values):
    settings = [word for value in values for word in ("--set", value)]
    done = helm("template", "wire", str(CHART), *settings)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(documents, kind):
    return {d["metadata"]["name"]: d for d in documents if d["kind"] == kind}


def test_lint():
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", [(), (EVERYTHING,)])
def test_every_object_is_valid(values, tmp_path):
    program = shutil.which("kubernetes-validate", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("kubernetes-validate is not installed")
    documents = render(*values)
    known = [d for d in documents if d["kind"] not in EXTENSIONS]
    assert {d["kind"] for d in documents} - {d["kind"] for d in known} == (EXTENSIONS if values else set())
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(known))
    done = subprocess.run(
        [program, "--strict", "--kubernetes-version", "1.31.0", str(tmp_path / "all.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("passed for resource") == len(known)


def test_values_that_make_no_sense_are_refused():
    assert helm("template", "wire", str(CHART), "--set", "config.bus.kind=sqlite").returncode != 0
    assert helm("template", "wire", str(CHART), "--set", "stages.polish.enabled=true").returncode != 0
    alone = helm("template", "wire", str(CHART), "--set", "stages.deduplicate.replicas=2")
    assert alone.returncode != 0
    assert "state.kind redis" in alone.stderr
    assert render("stages.deduplicate.replicas=2,config.state.kind=redis")
    assert helm("template", "wire", str(CHART), "--set", "image.pullPolicy=Sometimes").returncode != 0


def test_every_container_is_confined():
    documents = render(EVERYTHING)
    pods = [d["spec"]["template"]["spec"] for d in documents if d["kind"] in ("StatefulSet", "Job")]
    pods += [d["spec"] for d in documents if d["kind"] == "Pod"]
    assert len(pods) == len(CONSUMED) + 2 + 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_each_stage_has_a_name_of_its_own_and_time_to_drain():
    sets = of_kind(render(), "StatefulSet")
    assert set(sets) == {f"wire-{stage}" for stage in ("poll", "sink", *CONSUMED)}
    for stateful in sets.values():
        pod = stateful["spec"]["template"]["spec"]
        names = {variable["name"]: variable for variable in pod["containers"][0]["env"]}
        assert names["NEWSWIRE_INSTANCE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
        assert pod["terminationGracePeriodSeconds"] > 25


def test_secrets_come_from_secrets():
    sets = of_kind(
        render(
            "secrets.NEWSWIRE_BUS__KAFKA__SASL_PASSWORD.name=kafka,secrets.NEWSWIRE_BUS__KAFKA__SASL_PASSWORD.key=password"
        ),
        "StatefulSet",
    )
    names = {v["name"]: v for v in sets["wire-poll"]["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert names["NEWSWIRE_BUS__KAFKA__SASL_PASSWORD"]["valueFrom"]["secretKeyRef"] == {
        "name": "kafka",
        "key": "password",
    }


def test_the_configuration_it_makes_is_accepted(tmp_path):
    documents = render(
        "feeds.sources[0].id=harbour,feeds.sources[0].kind=http,feeds.sources[0].url=https://harbour.example/feed"
    )
    maps = of_kind(documents, "ConfigMap")
    (tmp_path / "newswire.yaml").write_text(maps["wire"]["data"]["newswire.yaml"])
    (tmp_path / "feeds.yaml").write_text(maps["wire-feeds"]["data"]["feeds.yaml"])
    assert load([tmp_path / "newswire.yaml"], {}).bus.kind == "kafka"
    assert [source.id for source in load_sources(tmp_path / "feeds.yaml")] == ["harbour"]


def test_scaling_ends_at_the_partitions_and_reads_the_right_group():
    documents = render(EVERYTHING, "config.topics.partitions=7")
    scaled = of_kind(documents, "ScaledObject")
    sets = of_kind(documents, "StatefulSet")
    assert set(scaled) == {"wire-normalise", "wire-enrich"}
    for stage in ("normalise", "enrich"):
        spec = scaled[f"wire-{stage}"]["spec"]
        assert spec["maxReplicaCount"] == 7
        assert spec["triggers"][0]["metadata"]["consumerGroup"] == group(stage)
        assert spec["triggers"][0]["metadata"]["topic"] == CONSUMED[stage][0]
        # A fixed count would fight with the scaler.
        assert "replicas" not in sets[f"wire-{stage}"]["spec"]
