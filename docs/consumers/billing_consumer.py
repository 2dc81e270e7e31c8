#!/usr/bin/env python3
"""Billing reads every customer event with no line of Daybook's: plain Kafka, HTTP and JOSE."""

import argparse
import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from joserfc import jwe
from joserfc.jwk import OctKey

Json = dict[str, Any]
TOPIC = "daybook.customers.v1"
JOSE = jwe.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)  # knows no `eid`


def read_events(bootstrap: str) -> Iterator[tuple[Json, Json]]:
    """Yield every event once, oldest first, for ever: its CloudEvents attributes and its value."""
    where = {"bootstrap.servers": bootstrap, "group.id": "billing"}
    consumer = Consumer({**where, "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    consumer.assign([TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in partitions])
    marks: dict[tuple[str, int], tuple[int, int]] = {}
    while True:
        record = consumer.poll(1.0)
        if record is None or record.error():  # librdkafka has told stderr, and tries again
            continue
        ce = {name: value.decode() for name, value in record.headers()}
        source = ce["ce_source"], record.partition()
        epoch, position = int(ce["ce_epoch"]), int(ce["ce_feedposition"])
        seen_epoch, seen = marks.get(source, (0, 0))
        expected = seen + 1 if epoch == seen_epoch else 1
        if epoch >= seen_epoch and position == expected:
            yield ce, json.loads(record.value())
            marks[source] = epoch, position  # store yours together with what you make of it
        elif epoch >= seen_epoch and position > expected:  # a gap: Kafka was refilled, read again
            consumer.seek(TopicPartition(TOPIC, record.partition(), OFFSET_BEGINNING))


def open_personal(sealed: str, event_id: str, daybook: httpx.Client) -> Json | None:
    """Return the personal fields; None when the key was destroyed: then forget them, too."""
    kid = jwe.extract_compact(sealed.encode(), JOSE).protected["kid"]
    answer = daybook.get(f"/v1/subject-keys/{kid}")
    if answer.status_code in {404, 410}:
        return None
    key = OctKey.import_key(answer.raise_for_status().json())
    opened = jwe.decrypt_compact(sealed, key, registry=JOSE)
    if opened.protected["eid"] != event_id:
        raise ValueError(f"{event_id} carries the personal fields of another event")
    return json.loads(opened.plaintext)


def main() -> None:
    """Print one line for each event."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--bootstrap", default=os.environ.get("BOOTSTRAP", "127.0.0.1:8192"))
    flags.add_argument("--url", default=os.environ.get("DAYBOOK_URL", "http://127.0.0.1:8101"))
    flags.add_argument("--token", default=os.environ.get("DAYBOOK_TOKEN"))
    flags.add_argument("--stop-after", type=int, metavar="N")
    asked = flags.parse_args()
    bearer = {"Authorization": f"Bearer {asked.token}"}
    with httpx.Client(base_url=asked.url, headers=bearer) as daybook:
        for ce, value in itertools.islice(read_events(asked.bootstrap), asked.stop_after):
            sealed = value.pop("personal", None)
            personal = open_personal(sealed, ce["ce_id"], daybook) if sealed else {}
            said = "forgotten" if personal is None else json.dumps(value | personal)
            print(ce["ce_subject"], ce["ce_sequence"], ce["ce_type"], said, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
