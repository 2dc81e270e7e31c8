"""The published example opens what Daybook seals, and forgets what Daybook forgot."""

import contextlib
import json
import runpy
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cli.local.paths import PROJECT
from cli.tape.recorded import FOLDER
from shared.eventstore.partitioning import partition_of
from shared.security.jwe import seal
from tests.cli.tape.careless import lines_of

CONSUMER = PROJECT / "docs" / "consumers" / "billing_consumer.py"
EVENT, OTHER_EVENT = UUID(int=1), UUID(int=2)
KEY = bytes(range(32))


def opened(event_id: UUID, status: int = 200) -> Any:  # noqa: ANN401  the script is read, not imported
    """Open the personal fields of EVENT as the script does, with what the key API answers."""
    sealed = seal(b'{"name":"Ada"}', "subject-1", EVENT, AESGCM(KEY))
    jwk = {"kty": "oct", "k": urlsafe_b64encode(KEY).rstrip(b"=").decode(), "kid": "subject-1"}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/subject-keys/subject-1"
        return httpx.Response(status, json=jwk)

    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="http://daybook.test") as daybook:
        return runpy.run_path(str(CONSUMER))["open_personal"](sealed, str(event_id), daybook)


def test_another_team_opens_the_personal_fields_with_a_standard_library() -> None:
    assert opened(EVENT) == {"name": "Ada"}


@pytest.mark.parametrize("status", [404, 410])
def test_a_key_that_is_unknown_or_destroyed_means_skip_and_forget(status: int) -> None:
    assert opened(EVENT, status) is None


def test_personal_fields_of_another_event_are_refused() -> None:
    with pytest.raises(ValueError, match="another event"):
        opened(OTHER_EVENT)


def test_a_key_api_that_fails_is_no_reason_to_forget_anybody() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        opened(EVENT, 503)


@pytest.mark.parametrize(
    "scene", ["plain", "duplicates", "across-partitions", "late-round-first", "other-source"]
)
def test_the_page_that_shows_the_rule_obeys_it(scene: str) -> None:
    records = lines_of(PROJECT / FOLDER / scene, "records.ndjson")
    script = runpy.run_path(str(CONSUMER))
    read_events = script["read_events"]
    read_events.__globals__.update(Consumer=lambda _: Played(records), PAUSE_SECONDS=0)
    told: dict[int, list[int]] = {}
    for ce in until_the_end(read_events("nowhere", lambda *_: None)):
        partition = partition_of(ce["ce_subject"].removeprefix("customer-"), 12)
        told.setdefault(partition, []).append(int(ce["ce_feedposition"]))
    expected = json.loads((PROJECT / FOLDER / scene / "expected.json").read_text())["marks"]
    assert told == {m["partition"]: list(range(1, m["feed_position"] + 1)) for m in expected}


def until_the_end(events: Iterator[tuple[Any, Any]]) -> Iterator[dict[str, str]]:
    with contextlib.suppress(AllReadError):
        for ce, _ in events:
            yield ce


class AllReadError(Exception):
    """Nothing comes any more."""


class Played:
    """A consumer of confluent-kafka that reads one scene of the tape."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self._logs: dict[int, list[dict[str, Any]]] = {}
        for record in records:
            self._logs.setdefault(record["partition"], []).append(record)
        self._at = dict.fromkeys(self._logs, 0)

    def list_topics(self, topic: str, timeout: float) -> SimpleNamespace:
        assert timeout
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=self._logs)})

    def assign(self, places: list[TopicPartition]) -> None:
        assert [place.partition for place in places] == list(self._logs)

    def seek(self, place: TopicPartition) -> None:
        assert place.offset == OFFSET_BEGINNING
        self._at[place.partition] = 0

    def poll(self, timeout: float) -> SimpleNamespace:
        assert timeout
        for partition, at in self._at.items():
            log = self._logs[partition]
            if at <= len(log):
                self._at[partition] += 1
                return message(partition, log[at] if at < len(log) else None)
        raise AllReadError


def message(partition: int, record: dict[str, Any] | None) -> SimpleNamespace:
    """Return a message of confluent-kafka; no record: the end of the partition."""
    if record is None:
        end = SimpleNamespace(code=lambda: KafkaError._PARTITION_EOF)  # noqa: SLF001
        return SimpleNamespace(partition=lambda: partition, error=lambda: end)
    headers = [(name, text.encode()) for name, text in record["headers"].items()]
    return SimpleNamespace(
        partition=lambda: partition,
        error=lambda: None,
        headers=lambda: headers,
        value=lambda: b64decode(record["value"]),
    )
