"""kcat, which knows nothing of Daybook, reads an event with everything that travels with it."""

import json
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from uuid import UUID

import confluent_kafka
import pytest

from cli.local.environment import bare
from shared.authorization.people import DEMO_PEOPLE
from shared.messaging.topics import CUSTOMERS
from tests.journeys.living import Json, Living

UUID_FORM = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def kcat() -> str:
    program = shutil.which("kcat")
    assert program is not None, "kcat is missing. Fix: sudo apt-get install kcat"
    return program


def environment(kcat: str) -> dict[str, str]:
    """Return what kcat runs in; as docs/consumers says, 2.0.2 is lent our librdkafka."""
    about = subprocess.run((kcat, "-V"), capture_output=True, text=True, check=False)  # noqa: S603
    if "librdkafka 2.0.2" not in about.stdout + about.stderr:
        return bare()
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    (library,) = folder.glob("librdkafka*")
    return bare() | {"LD_PRELOAD": str(library)}


def records_of(kcat: str, living: Living, key: str, count: int) -> list[Json]:
    """Return so many records with this key, as kcat shows them."""
    command = (
        kcat, "-C", "-u", "-J", "-o", "beginning", "-b", living.ports.bootstrap,
        "-t", CUSTOMERS.name,
    )  # fmt: skip
    found: list[Json] = []
    with subprocess.Popen(  # noqa: S603 - the program that was asked for
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(kcat),
    ) as reading:
        assert reading.stdout is not None
        for line in reading.stdout:
            record = json.loads(line)
            if record["key"] == key:
                found.append(record)
            if len(found) == count:
                break
        reading.terminate()
    return found


def test_kcat_reads_an_event_with_its_headers(kcat: str, living: Living) -> None:
    with living.person("alice") as alice:
        body = {"kind": "person", "name": "Read By Kcat", "emails": ["kcat@work.example"]}
        ada = alice.post("/v1/customers", json=body).raise_for_status().json()
        path = f"/v1/customers/{ada['id']}/rename"
        renamed = alice.post(path, json={"name": "Kcat"}, headers={"If-Match": '"1"'})
        assert renamed.status_code == 200
        token = renamed.headers["Daybook-Token"].split(":")

    first, second = records_of(kcat, living, ada["id"], 2)
    # kcat shows headers as a list of names and values in turn.
    headers = dict(zip(first["headers"][::2], first["headers"][1::2], strict=True))
    later = dict(zip(second["headers"][::2], second["headers"][1::2], strict=True))

    assert headers["content-type"] == "application/json"
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_source"] == "/daybook/customers"
    assert (headers["ce_type"], later["ce_type"]) == ("CustomerRegistered", "CustomerRenamed")
    assert headers["ce_subject"] == later["ce_subject"] == f"customer-{ada['id']}"
    assert (headers["ce_sequence"], later["ce_sequence"]) == ("1", "2")
    assert headers["ce_epoch"] == later["ce_epoch"] == "1"
    assert int(later["ce_feedposition"]) > int(headers["ce_feedposition"])
    assert later["ce_storeposition"] == f"{token[3]}:{token[4]}"
    assert headers["ce_actor"] == DEMO_PEOPLE["alice"].subject
    assert datetime.fromisoformat(headers["ce_time"]).tzinfo is not None
    assert headers["ce_dataschema"].endswith(":CustomerRegistered:1")
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", headers["traceparent"])
    for name in ("ce_id", "ce_correlationid"):
        assert UUID_FORM.fullmatch(headers[name])
        assert UUID(headers[name]) != UUID(later[name])

    # One order for everything about one customer, and the partition that Kafka's own clients pick.
    assert first["partition"] == second["partition"] == int(token[2])
    assert second["offset"] > first["offset"]

    value = json.loads(first["payload"])
    assert value["kind"] == "person"
    assert value["personal"].count(".") == 4
    assert "Kcat" not in first["payload"] + second["payload"]
