"""Writes the Grafana dashboard from the short list of its panels below."""

import json
from pathlib import Path

TARGET = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards" / "overview.json"
PANELS = [
    ("Records a second into each stage", "newswire:received:rate5m", "{{stage}}", "short"),
    ("Records waiting before each stage", "newswire:lag:records", "{{stage}}", "short"),
    ("Age of what each stage works on", "max by (stage) (newswire_consumer_lag_seconds)", "{{stage}}", "s"),
    ("Dead letters a second", "newswire:dead_letters:rate5m", "{{stage}} {{error_type}}", "short"),
    ("Deciding on a batch, 95 %", "newswire:process:seconds_p95", "{{stage}}", "s"),
    ("Committing a batch, 95 %", "newswire:transaction:seconds_p95", "{{stage}}", "s"),
    (
        "Not passed on, by design, a second",
        "sum by (stage, reason) (rate(newswire_records_discarded_total[5m]))",
        "{{stage}} {{reason}}",
        "short",
    ),
    ("Held stories", "sum by (reason) (newswire_held_stories)", "{{reason}}", "short"),
    (
        "Embargo to release, 95 %",
        "histogram_quantile(0.95, sum by (le) (rate(newswire_embargo_release_delay_seconds_bucket[1h])))",
        "delay",
        "s",
    ),
    (
        "Kill: fetch to release, 95 %",
        "histogram_quantile(0.95, sum by (le) (rate(newswire_kill_latency_seconds_bucket[1h])))",
        "latency",
        "s",
    ),
    ("Sources by state", "sum by (state) (newswire_feed_state)", "{{state}}", "short"),
    ("Polls a second, by outcome", "sum by (outcome) (rate(newswire_feed_polls_total[5m]))", "{{outcome}}", "short"),
    ("Memory", "process_resident_memory_bytes{job='newswire'}", "{{instance}}", "bytes"),
    ("Processor", "rate(process_cpu_seconds_total{job='newswire'}[5m])", "{{instance}}", "percentunit"),
]
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 2


def panel(number: int, title: str, expression: str, legend: str, unit: str) -> dict[str, object]:
    """One panel of two columns."""
    source = {"type": "prometheus", "uid": "prometheus"}
    place = {"x": number % _COLUMNS * _WIDTH, "y": number // _COLUMNS * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": source, "expr": expression, "legendFormat": legend}],
    }


def dashboard() -> dict[str, object]:
    """The whole dashboard."""
    return {
        "uid": "newswire-overview",
        "title": "newswire: overview",
        "schemaVersion": 39,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": [panel(number, *told) for number, told in enumerate(PANELS)],
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(dashboard(), indent=1) + "\n", encoding="utf-8")
