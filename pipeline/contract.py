"""The output contract as an AsyncAPI 3 document, made from what the code does."""

from typing import Any

from pipeline import topics
from pipeline.bus.log import TopicSpec

_STORY = {
    "description": "A version of a story: ninjs 3.1 with the `newswire` extension.",
    "$ref": "schema/newswire-story.schema.json",
}
_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "newswire.raw"],
    "properties": {
        "ce_specversion": {"const": "1.0", "description": "CloudEvents, Kafka binary mode."},
        "ce_id": {"type": "string", "description": "The same for what is sent again; unique with ce_source."},
        "ce_source": {"type": "string", "format": "uri-reference", "description": "The stage that sent it."},
        "ce_type": {"type": "string", "description": "What happened; the messages of a channel are told apart by it."},
        "ce_time": {"type": "string", "format": "date-time", "description": "A time of the story, never of the clock."},
        "content-type": {"const": "application/json"},
        "newswire.raw": {"type": "string", "description": "Coordinates of the raw record: topic/partition/offset."},
        "traceparent": {"type": "string", "description": "W3C trace context, where there is one."},
    },
}
_WHAT: dict[str, tuple[str, dict[str, str]]] = {
    topics.STORIES: (
        "Every released version of every story, in order per story. Cancelled versions have no copy in them.",
        {
            "newswire.story.released": "A version that may run, or the notice of a kill (`pubStatus` canceled).",
            "newswire.story.recalled": "A version that ran is not to be used for now (`pubStatus` withheld), no copy.",
        },
    ),
    topics.KILLS: (
        "Kills alone, ahead of everything else. Each stands in `wire.stories` too, in its place.",
        {"newswire.story.killed": "Take this story down."},
    ),
    topics.LATEST: (
        "The newest released version of each story; a killed story keeps its notice. Compacted.",
        {"newswire.story.released": "The newest version.", "newswire.story.recalled": "Not to be used for now."},
    ),
    topics.DUPLICATES: (
        "What was not passed on, and in `newswire.relation` why. A copy is keyed by the story that was kept.",
        {"newswire.story.duplicate": "A redelivery, a stale version, or a copy of another story."},
    ),
    topics.ENRICHED: (
        "Everything that passed deduplication, enriched, **before** release: embargoes are not over here.",
        {"newswire.story.enriched": "A version of a story."},
    ),
}


def asyncapi(version: str) -> dict[str, Any]:
    """The document; its channels are the topics that others may read."""
    specs = {spec.name: spec for spec in topics.specs(partitions=6, replication=3, retention_hours=168)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "newswire",
            "version": version,
            "description": "Stories of news agencies, understood, deduplicated and released. Read with "
            "`isolation.level=read_committed`: records of transactions that were aborted are in the log too.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_id(name): _channel(specs[name], *_WHAT[name]) for name in _WHAT},
        "operations": {
            f"receive-{_id(name)}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{_id(name)}"},
                "summary": _WHAT[name][0].split(". ")[0].rstrip(".") + ".",
            }
            for name in _WHAT
        },
        "components": {
            "schemas": {"headers": _HEADERS},
            "messages": {
                kind: {
                    "name": kind,
                    "summary": summary,
                    "headers": {"$ref": "#/components/schemas/headers"},
                    "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": _STORY},
                    "bindings": {"kafka": {"key": {"type": "string", "description": "The story's uri."}}},
                }
                for _, kinds in _WHAT.values()
                for kind, summary in kinds.items()
            },
        },
    }


def _id(topic: str) -> str:
    return topic.replace(".", "-")


def _channel(spec: TopicSpec, description: str, kinds: dict[str, str]) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": ["compact" if spec.compact else "delete"]}
    if spec.retention_ms is not None:
        configuration["retention.ms"] = spec.retention_ms
    return {
        "address": spec.name,
        "description": description,
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        "bindings": {
            "kafka": {
                "topic": spec.name,
                "partitions": spec.partitions,
                "replicas": spec.replication,
                "topicConfiguration": configuration,
            }
        },
    }
