"""Topics as they are against topics as they should be."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType

from pipeline.bus.log import TopicChange, TopicSpec


def differences(admin: Any, wanted: Sequence[TopicSpec]) -> list[TopicChange]:
    """What would have to change, in the order wanted."""
    there = set(admin.list_topics())
    present = [spec for spec in wanted if spec.name in there]
    described = {t["name"]: t for t in admin.describe_topics([s.name for s in present])} if present else {}
    configured = _configs(admin, [s.name for s in present])
    changes: list[TopicChange] = []
    for spec in wanted:
        if spec.name in described:
            count = len(described[spec.name]["partitions"])
            changes += _changes(spec, count, configured.get(spec.name, {}))
        else:
            detail = f"{spec.partitions} partitions, {spec.replication} replicas, {_shown(config_of(spec))}"
            changes.append(TopicChange(spec.name, "create", detail))
    return changes


def _changes(spec: TopicSpec, partitions: int, present: Mapping[str, str]) -> list[TopicChange]:
    changes = []
    if partitions < spec.partitions:
        # A key's partition is its hash modulo their number: growing moves keys, and with them order.
        detail = f"{partitions} to {spec.partitions} partitions; keys move, so drain the stages first"
        changes.append(TopicChange(spec.name, "grow", detail))
    if partitions > spec.partitions:
        detail = f"has {partitions} partitions, {spec.partitions} wanted; partitions are never taken away"
        changes.append(TopicChange(spec.name, "refuse", detail))
    differing = {k: v for k, v in config_of(spec).items() if present.get(k, v) != v}
    if differing:
        changes.append(TopicChange(spec.name, "configure", _shown(differing)))
    return changes


def apply_changes(admin: Any, wanted: Sequence[TopicSpec], changes: Sequence[TopicChange]) -> None:
    """Carry out what `differences` found."""
    specs = {spec.name: spec for spec in wanted}
    by_action: dict[str, list[TopicSpec]] = {}
    for change in changes:
        by_action.setdefault(change.action, []).append(specs[change.topic])
    if create := by_action.get("create"):
        topics = {
            s.name: {"num_partitions": s.partitions, "replication_factor": s.replication, "configs": config_of(s)}
            for s in create
        }
        admin.create_topics(topics, timeout_ms=10_000, wait_for_metadata=True)
    if grow := by_action.get("grow"):
        admin.create_partitions({s.name: s.partitions for s in grow}, timeout_ms=10_000)
        admin.wait_for_topics([s.name for s in grow])
    if configure := by_action.get("configure"):
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, s.name, config_of(s)) for s in configure])


def config_of(spec: TopicSpec) -> dict[str, str]:
    """The topic's configuration under Kafka's names."""
    return {
        "cleanup.policy": "compact" if spec.compact else "delete",
        "retention.ms": str(-1 if spec.retention_ms is None else spec.retention_ms),
        "retention.bytes": str(-1 if spec.retention_bytes is None else spec.retention_bytes),
    }


def _configs(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = admin.describe_configs(resources, config_filter="all")
    return {name: dict(_pairs(config)) for name, config in answers.get("topic", answers).items()}


def _pairs(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, entry["value"] if isinstance(entry, Mapping) else str(entry)) for key, entry in config.items()]


def _shown(config: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in config.items())
