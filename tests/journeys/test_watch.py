"""Who watches sees ids, types and versions, misses nothing, and is let go when a process stops."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import httpx

from tests.journeys.living import Json, Living

PATH = "/v1/customers"


def register(alice: httpx.Client, name: str) -> str:
    answer = alice.post(PATH, json={"kind": "person", "name": name})
    customer_id: str = answer.raise_for_status().json()["id"]
    return customer_id


@contextmanager
def watching(client: httpx.Client, after: str | None = None) -> Iterator[Iterator[Json]]:
    """Watch for as long as the body of the `with`; yields messages by their fields."""
    headers = {} if after is None else {"Last-Event-ID": after}
    with client.stream("GET", "/v1/watch", headers=headers) as answer:
        assert answer.status_code == 200
        yield _messages(answer.iter_lines())


def _messages(lines: Iterator[str]) -> Iterator[Json]:
    message: Json = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            message[name] = value
        else:
            yield message
            message = {}


def changes(messages: Iterator[Json], count: int) -> list[Json]:
    """Return the next so many messages that tell a change."""
    return list(islice((m for m in messages if m.get("event") == "changed"), count))


def test_a_change_is_told_without_who_it_is_about(living: Living) -> None:
    with living.person("oscar") as oscar, living.person("alice") as alice:
        with watching(oscar) as messages:
            next(messages)
            customer_id = register(alice, "Watched Person")
            (message,) = changes(messages, 1)
        assert set(message) == {"event", "id", "data"}
        assert message["data"] == (
            f'{{"id":"{customer_id}","type":"CustomerRegistered","version":1}}'
        )


def test_who_was_away_while_the_service_died_misses_nothing(living: Living) -> None:
    with living.person("alice") as alice:
        with watching(alice) as messages:
            first = next(messages)
        missed = {register(alice, f"Missed Person {n}") for n in range(10)}
        with living.ended_by(signal.SIGKILL):
            pass
        missed |= {register(alice, f"Missed Person {n}") for n in range(10, 20)}
        with watching(alice, after=first["id"]) as messages:
            told = {message["data"].split('"')[3] for message in changes(messages, 20)}
        assert told == missed


def test_a_watch_ends_when_the_process_stops(living: Living) -> None:
    with living.person("alice") as alice, watching(alice) as messages:
        next(messages)
        with living.ended_by(signal.SIGTERM):
            # The client's read time-out is what would end it otherwise, with an error.
            assert list(messages) == []
