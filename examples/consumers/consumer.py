"""Prints released stories as they come.

Usage: python consumer.py BOOTSTRAP_SERVERS [GROUP]
"""

import json
import sys

from kafka import KafkaConsumer

consumer = KafkaConsumer(
    "wire.stories",
    bootstrap_servers=sys.argv[1],
    group_id=sys.argv[2] if len(sys.argv) > 2 else "my-newsroom",
    isolation_level="read_committed",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)
for record in consumer:
    story = json.loads(record.value)
    if story.get("pubStatus") in ("canceled", "withheld"):
        print("TAKE DOWN", story["uri"], flush=True)
    else:
        # The same version may come again: keep what you have by uri and version.
        headline = next((h["value"] for h in story.get("headlines", [])), "")
        print("RUN", story["uri"], story.get("version"), headline, flush=True)
    consumer.commit()
