"""The consumer of another team, as it stands in the documentation, reads this very Daybook."""

import json
import subprocess
import sys

import httpx

from cli.local.paths import PROJECT
from shared.security.jwe import read_sealed
from tests.journeys.living import Json, Living

SCRIPT = PROJECT / "docs" / "consumers" / "billing_consumer.py"


def said_of(living: Living, customer_id: str, events: int) -> list[tuple[str, str, Json | str]]:
    """Run the script until it told so many events of a customer: version, type, what it says."""
    command = (
        sys.executable, str(SCRIPT), "--bootstrap", living.ports.bootstrap, "--url", living.url,
        "--token", living.token("billing"),
    )  # fmt: skip
    found: list[tuple[str, str, Json | str]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as script:  # noqa: S603
        assert script.stdout is not None
        for line in script.stdout:
            stream, version, kind, said = line.rstrip("\n").split(" ", 3)
            if stream == f"customer-{customer_id}":
                found.append((version, kind, said if said == "forgotten" else json.loads(said)))
            if len(found) == events:
                break
        script.terminate()
    return found


def test_billing_opens_what_is_personal_with_a_standard_library(living: Living) -> None:
    body = {"kind": "person", "name": "Billed Person", "emails": ["billed@work.example"]}
    with living.person("alice") as alice:
        ada = alice.post("/v1/customers", json=body).raise_for_status().json()
        renamed = alice.post(
            f"/v1/customers/{ada['id']}/rename",
            json={"name": "Billed Otherwise"},
            headers={"If-Match": '"1"'},
        )
        assert renamed.status_code == 200
    said = said_of(living, ada["id"], 2)
    assert [(version, kind) for version, kind, _ in said] == [
        ("1", "CustomerRegistered"),
        ("2", "CustomerRenamed"),
    ]
    registered, renaming = (what for *_, what in said)
    assert isinstance(registered, dict)
    assert registered["kind"] == "person"
    assert registered["name"] == "Billed Person"
    assert registered["emails"] == ada["emails"]
    assert renaming == {"name": "Billed Otherwise"}


def test_billing_forgets_whom_daybook_forgot(living: Living) -> None:
    with living.person("alice") as alice:
        body = {"kind": "person", "name": "Forgotten Person"}
        ada = alice.post("/v1/customers", json=body).raise_for_status().json()
        stream = f"customer-{ada['id']}"
        (event,) = living.ask("truth", f"select data from events where stream = '{stream}'")
        kid = read_sealed(json.loads(event["data"])["personal"]).kid
        living.ask(
            "keys",
            f"update subject_keys set wrapped = null, destroyed_at = now() where kid = '{kid}'",
        )
    assert said_of(living, ada["id"], 1) == [("1", "CustomerRegistered", "forgotten")]


def test_billing_may_read_keys_and_no_histories(living: Living) -> None:
    with living.person("billing") as billing:
        answers: list[httpx.Response] = [
            billing.get(f"/v1/customers/{'0' * 8}-0000-4000-8000-{'0' * 12}/history"),
            billing.post("/v1/customers", json={"kind": "person", "name": "x"}),
            billing.get("/v1/lag"),
        ]
    assert {answer.status_code for answer in answers} == {403}
