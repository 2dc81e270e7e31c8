"""After an erasure nothing tells who the person was: no row, record, file, log, trace or answer."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from shared.messaging.topics import HEARTBEATS
from tests.journeys.disguises import disguises, files_below, found_in
from tests.journeys.living import Living, eventually

PATH = "/v1/customers"
NAME, RENAMED = "Ermengarde Pumpernickel", "Ermengarde Oglethorpe-Ψυχή"
ADDRESS, PHONE, STREET = "ermengarde@pumpernickel.example", "+49 30 901820", "Zwiebelgasse 4711a"
TAG, NOTE, WHY = "collects-thimbles", "Her parrot answers to Xenophon.", "Moved to Kyrgyzstan early"
ROLE, HOLD = "Keeper of the thimbles", "Thimble dispute, chamber 7b"
SEARCHED, BROKEN = "Pumpernickel Ermeng", "Ermengarde Brokenbody"
PERSONAL = (NAME, RENAMED, ADDRESS, PHONE, "+4930901820", STREET, TAG, NOTE, WHY, ROLE, HOLD,
    SEARCHED, BROKEN)  # fmt: skip
TABLES = """select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')
    union all select format('%I.%I', schemaname, matviewname) from pg_matviews"""
EVERY_DATABASE = ("truth", "views", "keys")


def person_of(alice: httpx.Client) -> dict[str, Any]:
    """Register somebody of whom everything is known, and change all of it."""
    body = {
        "kind": "person", "name": NAME, "emails": [ADDRESS],
        "phones": [{"number": PHONE, "type": "home"}],
        "addresses": [{"street": STREET, "city": "Berlin", "country": "DE"}], "tags": [TAG],
    }  # fmt: skip
    key = {"Idempotency-Key": "an-erased-persons-registration"}
    person: dict[str, Any] = alice.post(PATH, json=body, headers=key).raise_for_status().json()
    firm = alice.post(PATH, json={"kind": "organisation", "name": "Thimble Works"})
    changes: list[tuple[str, dict[str, Any]]] = [
        ("rename", {"name": RENAMED}),
        ("notes", {"text": NOTE}),
        ("stage", {"stage": "active"}),
        ("stage", {"stage": "prospect", "reason": WHY}),
        ("links", {"organisation_id": firm.json()["id"], "role": ROLE}),
    ]
    for number, (command, given) in enumerate(changes, start=1):
        answer = alice.post(
            f"{PATH}/{person['id']}/{command}", json=given,
            headers={"If-Match": f'"{number}"', "Idempotency-Key": f"an-erased-persons-{number}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
    return person


def be_seen(living: Living, person: dict[str, Any]) -> None:
    """Have the person looked at, held and released, looked for, and named in what fails."""
    one = f"{PATH}/{person['id']}"
    with living.person("carol") as carol, living.person("petra") as petra:
        for path in (one, f"{one}/history", f"{one}/notes"):
            assert carol.get(path).status_code == 200
        assert carol.get(PATH, params={"q": SEARCHED}).status_code == 200
        assert carol.post(f"{one}/rename", json={"nam": BROKEN}).status_code in {422, 428}
        assert petra.get(f"{one}/access-file?format=html").status_code == 200
        held = petra.post(f"{one}/holds", json={"reason": HOLD}, headers={"If-Match": '"6"'})
        assert held.status_code == 200
        (hold,) = petra.get(f"{one}/holds").json()["items"]
        released = petra.request(
            "DELETE", f"{one}/holds/{hold['id']}", json={"reason": HOLD},
            headers={"If-Match": '"7"'},
        )  # fmt: skip
        assert released.status_code == 200


def told_by_tables(living: Living, kinds: Iterable[str] = EVERY_DATABASE) -> set[tuple[str, str]]:
    """Return which value stands in which table, of whatever tables there are."""
    wanted = {value: disguises(value) for value in PERSONAL}
    found = set()
    for kind in kinds:
        for table in living.ask(kind, TABLES):
            rows = living.ask(kind, f"select t::text as row from {table['name']} t")
            text = "\n".join(row["row"] for row in rows).encode()
            found |= {
                (f"{kind} {table['name']}", value)
                for value, forms in wanted.items()
                if any(form in text for form in forms)
            }
    return found


def told_by_topics(living: Living) -> set[str]:
    """Return which value any record of any topic gives away."""
    consumer = Consumer({"bootstrap.servers": living.ports.bootstrap, "group.id": "a search"})
    try:
        topics = consumer.list_topics(timeout=10).topics
        places = [
            TopicPartition(topic, partition, OFFSET_BEGINNING)
            for topic, its in topics.items()
            for partition in its.partitions
        ]
        # Beats come four times a second for ever: they are read as they come, and not waited for.
        marks = [
            consumer.get_watermark_offsets(place, timeout=10)
            for place in places
            if place.topic != HEARTBEATS.name
        ]
        awaited = sum(high - low for low, high in marks)
        consumer.assign(places)
        read: list[bytes] = []
        came: list[str] = []

        def is_read() -> bool:
            for record in consumer.consume(500, 0.1):
                if record.error() is None:
                    read.append(repr((record.key(), record.headers())).encode())
                    read.append(record.value() or b"")
                    came.append(record.topic() or "")
            return len(came) - came.count(HEARTBEATS.name) >= awaited > 0

        eventually(is_read, "that every topic is read")
        sent = b"\n".join(read)
        return {v for v in PERSONAL if any(form in sent for form in disguises(v))}
    finally:
        consumer.close()


def told_by_files(living: Living) -> list[tuple[str, str]]:
    """Return which file below the data folder gives which value away.

    PostgreSQL leaves freed rows of views in its pages until it vacuums, and in its WAL until that
    is used again; views are never backed up. All else is looked at as it lies there.
    """
    living.ask("views", "vacuum full")
    for kind in EVERY_DATABASE:
        living.ask(kind, "checkpoint")
    var = living.place.var
    wal = var / "views" / "pg_wal"
    files = [file for file in files_below(var) if not file.is_relative_to(wal)]
    return found_in(files, PERSONAL)


def told_by_answers(living: Living, customer_id: str) -> set[str]:
    """Return which value anybody is still answered, whatever they may ask."""
    one, found = f"{PATH}/{customer_id}", ""
    asked = {
        # Whoever is erased is nobody's customer, and seen by those alone who see all.
        "carol": [one, f"{one}?version=1", f"{one}/history", f"{one}/notes", PATH],
        "petra": [f"{one}/access-file", f"{one}/access-file?format=html", f"{one}/holds",
            f"{one}/erasure"],
    }  # fmt: skip
    for name, paths in asked.items():
        with living.person(name) as person:
            for path in paths:
                answer = person.get(path)
                assert answer.status_code == 200, (path, answer.text)
                found += answer.text
            for text in (NAME.split(maxsplit=1)[0], RENAMED, ADDRESS, "901820", TAG):
                listed = person.get(PATH, params={"q": text}).raise_for_status().json()["items"]
                assert customer_id not in {item["id"] for item in listed}
    with living.person("bob") as bob:
        for form in ("text/csv", "application/x-ndjson"):
            exported = bob.get("/v1/exported-customers", headers={"Accept": form})
            assert exported.status_code == 200, exported.text
            found += exported.text
    with living.person("alice") as alice:
        key = {"Idempotency-Key": "an-erased-persons-registration"}
        repeated = alice.post(PATH, json={"kind": "person", "name": "Other"}, headers=key)
        assert repeated.status_code == 422
        found += repeated.text
    return {value for value in PERSONAL if value in found}


def ordered(living: Living, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON
    """Have the directory's projector do something, and return the order when it is done."""
    orders = "/v1/projections/directory/orders"
    with living.person("oscar") as oscar:
        placed = oscar.post(orders, json=order).raise_for_status().json()
        done: dict[str, Any] = {}

        def is_done() -> bool:
            done.update(oscar.get(f"{orders}/{placed['id']}").json())
            return done["state"] in {"done", "failed"}

        eventually(is_done, f"that {order} is done")
    assert done["state"] == "done", done
    return done


@pytest.fixture
def erased(living: Living) -> str:
    """Return the id of somebody of whom everything was known, and who was erased."""
    with living.person("alice") as alice:
        person = person_of(alice)
        be_seen(living, person)
        listed = {"q": "pumpernickel.example"}
        eventually(lambda: alice.get(PATH, params=listed).json()["items"], "that it is listed")
    # This very search finds the person in the read model before.
    assert {value for place, value in told_by_tables(living, ["views"])} >= {RENAMED, ADDRESS}
    with living.person("petra") as petra:
        path = f"{PATH}/{person['id']}/erasure"
        reason = {"reason": "asked-by-the-person"}
        assert petra.post(path, json=reason).status_code == 202
        eventually(
            lambda: "read-models" not in petra.get(path).json()["outstanding"],
            "that the read models have nothing left",
        )
    return str(UUID(person["id"]))


def test_nothing_that_is_left_anywhere_tells_who_an_erased_person_was(
    living: Living, erased: str
) -> None:
    assert told_by_tables(living) == set()
    assert told_by_answers(living, erased) == set()
    assert told_by_topics(living) == set()
    assert told_by_files(living) == []

    # What is built anew, compared and applied again brings nobody back.
    ordered(living, kind="rebuild")
    differing = ordered(living, kind="verify")["result"]["differences"]
    assert f"customer-{erased}" not in {each["stream"] for each in differing}
    ordered(living, kind="replay", stream=f"customer-{erased}")
    assert told_by_tables(living) == set()
    assert told_by_answers(living, erased) == set()
