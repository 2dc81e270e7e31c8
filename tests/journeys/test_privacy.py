"""Nothing that a process of Daybook says or keeps aside tells who somebody is."""

import json
import signal
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.journeys.disguises import disguises, files_below, found_in
from tests.journeys.living import Living, eventually
from tests.journeys.records import records_of

PATH = "/v1/customers"
REGISTERED, RENAMED = "Zebulon Quackenbush", "Zebulon Fortescue-Ωμέγα"
REFUSED, SEARCHED = "Philippa Throckmorton", "Cornelius Wigglesworth 李小龙"
ADDRESS, REFUSED_ADDRESS = "zebulon.q@secret-house.example", "not an address of Philippa"
STUCK = "Barnaby Featherstonehaugh"
PERSONAL = (REGISTERED, RENAMED, REFUSED, SEARCHED, ADDRESS, REFUSED_ADDRESS, STUCK)
EVERY_REFUSAL = {400, 401, 404, 405, 409, 412, 413, 422, 428}
EVERY_BACKEND = """select pg_terminate_backend(pid) from pg_stat_activity
    where usename like 'customers_%'"""


@contextmanager
def broken(living: Living, kind: str, breaking: str, mending: str) -> Iterator[None]:
    """Let a database refuse something for as long as the body of the `with`."""
    living.ask(kind, breaking)
    try:
        yield
    finally:
        living.ask(kind, mending)


def log_of(living: Living) -> str:
    return (living.place.logs / "customers.log").read_text()


def registered(alice: httpx.Client, name: str) -> str:
    answer = alice.post(PATH, json={"kind": "person", "name": name, "emails": [ADDRESS]})
    customer_id: str = answer.raise_for_status().json()["id"]
    return customer_id


def refuse_everything(alice: httpx.Client, customer_id: str) -> set[int]:
    """Ask in every way that is refused; return the statuses."""
    one, version = f"{PATH}/{customer_id}", {"If-Match": '"2"'}
    key = {"Idempotency-Key": REFUSED.replace(" ", "-")}
    body = {"kind": "person", "name": REFUSED, "emails": [REFUSED_ADDRESS]}
    answers = [
        alice.post(PATH, json=body),
        alice.post(PATH, json=body | {REFUSED: REFUSED}),
        alice.post(
            PATH, content=json.dumps(body)[:-2], headers={"Content-Type": "application/json"}
        ),
        alice.post(PATH, json={"name": REFUSED * 20_000}),
        alice.post(PATH, data={"name": REFUSED}),
        alice.post(PATH, json={"kind": "person", "name": REFUSED + "\x00"}),
        alice.post(PATH, json={"kind": "person", "name": REFUSED, "emails": [ADDRESS] * 2}),
        alice.post(f"{one}/rename", json={"name": REFUSED}),
        alice.post(f"{one}/rename", json={"name": REFUSED}, headers={"If-Match": '"1"'}),
        alice.post(f"{one}/rename", json={"name": REFUSED}, headers=version | key),
        alice.post(f"{one}/rename", json={"name": "Other"}, headers=version | key),
        alice.post(f"{one}/emails", json={"address": ADDRESS}, headers={"If-Match": '"3"'}),
        alice.get(f"{PATH}/{REFUSED}"),
        alice.get(f"/v1/{REFUSED}"),
        alice.get(one, params={"as_of": REFUSED}),
        alice.get(PATH, params={"page_token": b64encode(REFUSED.encode()).decode()}),
        alice.get("/v1/feed", params={"topic": REFUSED}),
        alice.get(PATH, headers={"Authorization": f"Bearer {REFUSED}"}),
        alice.get(PATH, headers={"Daybook-Token": REFUSED}),
        alice.get("/v1/watch", headers={"Last-Event-ID": REFUSED}),
        alice.request("PHILIPPA", PATH),
        alice.delete(PATH, params={"name": REFUSED}),
    ]
    return {answer.status_code for answer in answers}


def fail_in_every_way(living: Living, alice: httpx.Client) -> None:
    """Let every part fail while it holds personal values in its hands."""
    query = {"q": SEARCHED}
    away = "alter table directory_text rename column search to away"
    back = "alter table directory_text rename column away to search"
    with broken(living, "views", away, back):
        assert alice.get(PATH, params=query).status_code == 500
    no_row = "alter table directory_1.directory add constraint no_row check (version < 0) not valid"
    with broken(
        living, "views", no_row, "alter table directory_1.directory drop constraint no_row"
    ):
        registered(alice, STUCK)
        eventually(lambda: "cannot be applied" in log_of(living), "that the event is parked")
    no_key = "alter table idempotency add constraint no_key check (status < 0) not valid"
    with broken(living, "truth", no_key, "alter table idempotency drop constraint no_key"):
        body, key = {"kind": "person", "name": REFUSED}, {"Idempotency-Key": "k"}
        assert alice.post(PATH, json=body, headers=key).status_code == 500
    for kind in ("truth", "views", "keys"):
        living.ask(kind, EVERY_BACKEND)
        for _ in range(3):
            assert alice.get(PATH, params=query).status_code in {200, 503}
            stuck = alice.post(PATH, json={"kind": "person", "name": STUCK})
            assert stuck.status_code in {201, 503}


def everything_on_kafka(living: Living) -> bytes:
    """Return keys, headers and values of all that the store has, as one."""
    stored = living.ask("truth", "select subject from events")
    records = records_of(living, Counter(row["subject"] for row in stored))
    heads = (repr((record.key(), record.headers())).encode() for record in records)
    return b"\n".join([*heads, *(record.value() or b"" for record in records)])


@pytest.fixture
def eventful(living: Living) -> Living:
    """Return a Daybook that has had a hard day."""
    with living.person("alice") as alice:
        customer_id = registered(alice, REGISTERED)
        path = f"{PATH}/{customer_id}"
        renamed = alice.post(f"{path}/rename", json={"name": RENAMED}, headers={"If-Match": '"1"'})
        assert renamed.status_code == 200
        assert refuse_everything(alice, customer_id) >= EVERY_REFUSAL
        fail_in_every_way(living, alice)
        with living.ended_by(signal.SIGKILL):
            pass
        wait = {"Daybook-Token": renamed.headers["Daybook-Token"], "Prefer": "wait=20"}
        assert alice.get(PATH, params={"q": "quackenbush"}, headers=wait).status_code == 200
        eventually(
            lambda: alice.get(PATH, params={"q": STUCK}).json()["items"],
            "that the projection goes on",
        )
        page = alice.get(PATH, params={"page_size": 1}).json()
        assert alice.get(PATH, params={"page_token": page["next_page_token"]}).status_code == 200
        with living.ended_by(signal.SIGTERM):
            pass
    return living


def test_no_log_no_trace_and_no_screen_says_who_somebody_is(eventful: Living) -> None:
    files = files_below(eventful.place.logs, eventful.place.run)
    said = {file.name for file in files if file.stat().st_size}
    assert {"customers.log", "traces-customers.jsonl"} <= said
    assert "a request failed unexpectedly" in log_of(eventful)
    assert found_in(files, PERSONAL) == []
    for personal in PERSONAL:
        assert personal not in eventful.whole.shown

    # Nor how somebody signed in.
    assert found_in(files, [eventful.token("alice").rpartition(".")[2]]) == []

    # Every line of the service is one JSON object that says where it comes from.
    for line in log_of(eventful).splitlines():
        entry = json.loads(line)
        assert entry["level"]
        assert entry["message"]

    # What is backed up and what is sent holds ciphertext only.
    for kind in ("truth", "keys"):
        eventful.ask(kind, "checkpoint")
    assert found_in(files_below(eventful.place.var / "truth"), PERSONAL) == []
    assert found_in(files_below(eventful.place.var / "keys"), PERSONAL) == []
    sent = everything_on_kafka(eventful)
    assert not any(form in sent for personal in PERSONAL for form in disguises(personal))

    # This very search finds them where they belong: in the read model.
    eventful.ask("views", "checkpoint")
    found = found_in(files_below(eventful.place.var / "views"), PERSONAL)
    assert {value for _, value in found} >= {REGISTERED.split(maxsplit=1)[0], STUCK} - {"Zebulon"}
