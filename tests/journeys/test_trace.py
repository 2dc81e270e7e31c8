"""One change has one trace: request, append, Kafka, read model."""

import json
from collections import Counter
from pathlib import Path

import pytest

from shared.messaging.topics import CUSTOMERS
from tests.journeys.living import Json, Living, eventually
from tests.journeys.records import records_of

TRACE_ID, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans_file(living: Living) -> Path:
    return living.place.logs / "traces-customers.jsonl"


def spans_of(file: Path, trace_id: str) -> list[Json]:
    lines = file.read_text().splitlines() if file.exists() else []
    return [span for span in map(json.loads, lines) if span["trace_id"] == trace_id]


def test_a_change_is_one_trace_from_the_request_to_the_read_model(
    living: Living, spans_file: Path
) -> None:
    with living.person("alice") as alice:
        answer = alice.post(
            "/v1/customers",
            json={"kind": "person", "name": "Traced Person", "emails": ["traced@work.example"]},
            headers={"traceparent": f"00-{TRACE_ID}-{CALLER}-01"},
        )
    customer_id = answer.json()["id"]

    def names() -> set[str]:
        return {span["name"] for span in spans_of(spans_file, TRACE_ID)}

    wanted = {
        "POST /v1/customers",
        "append",
        "send daybook.customers.v1",
        "process daybook.customers.v1",
    }
    eventually(lambda: names() >= wanted, f"that the trace has {wanted}")
    spans = {span["name"]: span for span in spans_of(spans_file, TRACE_ID)}
    request, append = spans["POST /v1/customers"], spans["append"]
    send, process = spans["send daybook.customers.v1"], spans["process daybook.customers.v1"]

    assert request["parent_id"] == CALLER
    assert append["parent_id"] == request["span_id"]
    # What travels in the event is the append; both who carry it on are its children.
    assert send["parent_id"] == process["parent_id"] == append["span_id"]
    kinds = [span["kind"] for span in (request, append, send, process)]
    assert kinds == ["SERVER", "INTERNAL", "PRODUCER", "CONSUMER"]
    times = [span["start"] for span in (request, append, send)]
    assert times == sorted(times)
    assert not any(span["is_error"] for span in spans.values())
    assert request["attributes"]["http.route"] == "/v1/customers"
    assert request["attributes"]["http.response.status_code"] == 201
    for span in (send, process):
        assert span["attributes"]["messaging.system"] == "kafka"
        assert span["attributes"]["messaging.destination.name"] == CUSTOMERS.name
    assert (
        send["attributes"]["messaging.message.id"] == process["attributes"]["messaging.message.id"]
    )

    record = records_of(living, Counter([customer_id]))[-1]
    headers = dict(record.headers() or [])
    assert headers["traceparent"] == f"00-{TRACE_ID}-{append['span_id']}-01".encode()
    assert headers["ce_id"] == send["attributes"]["messaging.message.id"].encode()


def test_the_answer_names_the_trace_and_a_problem_names_it_too(living: Living) -> None:
    headers = {"traceparent": f"00-{TRACE_ID}-{CALLER}-01"}
    with living.person("alice") as alice:
        answer = alice.get("/v1/customers/nobody", headers=headers)
    assert answer.json()["trace_id"] == TRACE_ID
    assert answer.headers["traceparent"].startswith(f"00-{TRACE_ID}-")


def test_who_wants_no_trace_gets_none(living: Living, spans_file: Path) -> None:
    trace_id = "1" * 32
    with living.person("alice") as alice:
        answer = alice.post(
            "/v1/customers",
            json={"kind": "person", "name": "Untraced Person"},
            headers={"traceparent": f"00-{trace_id}-{CALLER}-00"},
        )
        token = {"Daybook-Token": answer.headers["Daybook-Token"], "Prefer": "wait=20"}
        assert alice.get("/v1/customers", headers=token).status_code == 200
        # A trace of its own that ends later: what ended before it is written by then.
        later = alice.get("/livez").headers["traceparent"].split("-")[1]
    eventually(lambda: spans_of(spans_file, later), "that a later trace is written")
    assert spans_of(spans_file, trace_id) == []
