#!/usr/bin/env python3
"""Billing reads every customer event with no line of Daybook's: plain Kafka, HTTP and JOSE."""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from joserfc import jwe
from joserfc.jwk import OctKey

Json = dict[str, Any]
Seen = Callable[[int, dict[int, int]], None]  # epoch, partition → feed position
TOPIC, SOURCE, VERSION = "daybook.customers.v1", "/daybook/customers", "1.0"
PAUSE_SECONDS = 1
JOSE = jwe.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)  # knows no `eid`


def read_events(bootstrap: str, seen: Seen) -> Iterator[tuple[Json, Json]]:
    """Yield every event once, oldest first, for ever: its CloudEvents attributes and its value.

    A higher epoch (Daybook was restored) begins again with the first event.
    """
    where = {"bootstrap.servers": bootstrap, "group.id": "billing", "enable.partition.eof": True}
    consumer = Consumer({**where, "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    consumer.assign([TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in partitions])
    epoch = 0
    marks: dict[int, int] = {}  # store yours together with what you make of the events
    early: dict[int, int] = {}  # the furthest feed position that came too early
    while True:
        seen(epoch, marks)
        record = consumer.poll(1.0)
        partition = None if record is None else record.partition()
        if record is None or record.error():  # librdkafka has told stderr, and tries again
            if partition in early and record.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                time.sleep(PAUSE_SECONDS)  # what is missing may be on its way; read it all again
                consumer.seek(TopicPartition(TOPIC, partition, OFFSET_BEGINNING))
            continue
        ce = {name: value.decode() for name, value in record.headers() or []}
        if ce.get("ce_source") != SOURCE or int(ce["ce_epoch"]) < epoch:
            continue
        if int(ce["ce_epoch"]) > epoch:
            epoch, marks, early = int(ce["ce_epoch"]), {}, {}
        position, mark = int(ce["ce_feedposition"]), marks.get(partition, 0)
        if position == mark + 1:
            yield ce, json.loads(record.value())
            marks[partition] = position
            if early.get(partition) == position:
                del early[partition]
        elif position > mark:  # a gap: go on to the end of the partition, then begin again
            early[partition] = max(position, early.get(partition, 0))


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


def confirm(stream: str, daybook: httpx.Client) -> None:
    """Say that nothing of an erased customer is left here, once that is so: we only print."""
    customer_id = stream.removeprefix("customer-")
    answer = daybook.post(f"/v1/customers/{customer_id}/erasure/receipts", json={})
    if answer.status_code not in {404, 409}:  # we were never given this key: nothing to confirm
        answer.raise_for_status()


class Reporter:
    """Tells Daybook once a minute how far we are: whoever is silent is shown as silent."""

    def __init__(self, daybook: httpx.Client) -> None:
        self.daybook, self.due = daybook, 0.0

    def seen(self, epoch: int, marks: dict[int, int]) -> None:
        """Report if a minute is over; that it fails is no reason to stop reading."""
        if not marks or time.monotonic() < self.due:
            return
        self.due = time.monotonic() + 60
        told = [{"partition": p, "epoch": epoch, "feed_position": n} for p, n in marks.items()]
        try:
            body = {"version": VERSION, "topic": TOPIC, "marks": told}
            self.daybook.put("/v1/consumers/billing/seen", json=body).raise_for_status()
        except httpx.HTTPError as error:
            print(f"not reported: {error}", file=sys.stderr)  # noqa: T201


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
        events = read_events(asked.bootstrap, Reporter(daybook).seen)
        for ce, value in itertools.islice(events, asked.stop_after):
            sealed = value.pop("personal", None)
            personal = open_personal(sealed, ce["ce_id"], daybook) if sealed else {}
            if ce["ce_type"] == "CustomerErased":
                confirm(ce["ce_subject"], daybook)
            said = "forgotten" if personal is None else json.dumps(value | personal)
            print(ce["ce_subject"], ce["ce_sequence"], ce["ce_type"], said, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
