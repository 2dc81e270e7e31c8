"""A scene is what is delivered, what feed and key API answer meanwhile, and how it must end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.tape.book import Book, Fact
from cli.tape.telling import Store, Told, Who
from shared.messaging.topics import CUSTOMERS

Json = dict[str, Any]

GONE: Json = {
    "type": "/problems/subject-key-destroyed",
    "title": "Gone for good",
    "status": 410,
    "fix": "skip the event and delete what you hold about this subject",
}
UNKNOWN: Json = {
    "type": "/problems/subject-key-unknown",
    "title": "Nothing there",
    "status": 404,
    "fix": "take the kid from the JWE header of the event",
}


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the log: it begins empty, and these records come, in this order."""

    records: Sequence[Json]
    feed: Sequence[Json]
    keys: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene of the tape."""

    name: str
    about: str
    lives: Sequence[Life]
    expected: Json


def key_answers(store: Store, *, erased: Iterable[Who] = (), lost: Iterable[Who] = ()) -> Json:
    """Return what the key API answers, by kid; `lost` are keys that it never had."""
    answers = {told.who.kid: {"status": 200, "body": told.who.jwk} for told in store.events}
    answers |= {who.kid: {"status": 410, "body": GONE} for who in erased}
    answers |= {who.kid: {"status": 404, "body": UNKNOWN} for who in lost}
    return answers


def play(
    name: str,
    about: str,
    store: Store,
    records: Sequence[Json] | None = None,
    *,
    erased: Iterable[Who] = (),
    lost: Iterable[Who] = (),
    earlier: Sequence[Life] = (),
    restored_from: Store | None = None,
) -> Scene:
    """Return a scene that ends with what this store tells, each event applied once, in order."""
    keys = key_answers(store, erased=erased, lost=lost)
    if restored_from is not None:  # Keys have a server of their own: none went back in time.
        keys = key_answers(restored_from) | keys
    last = Life(store.records() if records is None else records, store.pages(), keys)
    # Whoever could read a name in the first life did, whatever became of its key.
    first_answers = {**keys, **(earlier[0].keys if earlier else {})}
    return Scene(name, about, [*earlier, last], ended(store, first_answers))


def ended(store: Store, keys: Mapping[str, Json]) -> Json:
    """Return the end state: a fold of the store, by nothing but the order of its events."""
    book = Book(keys.__getitem__)
    for told in store.events:
        book.apply(_fact(told))
    reached = {told.who.partition: told for told in store.events}
    marks = [
        {
            "source": told.source,
            "topic": CUSTOMERS.name,
            "partition": partition,
            "epoch": told.epoch,
            "feed_position": told.feed_position,
        }
        for partition, told in sorted(reached.items())
    ]
    return {"marks": marks, **book.as_json()}


def _fact(told: Told) -> Fact:
    return Fact(
        str(told.event_id), told.type, told.who.stream, told.version, told.who.id, told.data
    )
