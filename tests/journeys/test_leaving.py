"""Whoever an identity provider lets go is refused in every process, and it is shown of each."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from shared.authorization.people import DEMO_PEOPLE
from tests.journeys.living import Json, Living, eventually
from tests.journeys.slow_readers import reading_slowly
from tests.journeys.test_watch import watching

WANG, BILLING, OSCAR = (DEMO_PEOPLE[name].subject for name in ("wang", "billing", "oscar"))
ROWS = 20_000
LONG_ONES, REST = 2_500, "n" * 280
"""So many customers with such names are a file of a megabyte."""
CSV = {"Content-Type": "text/csv"}
SCIM = {"Content-Type": "application/scim+json"}
SLACK = 10
"""Times the promised bound: other tests take this machine's time, too; benchmarks measure it."""
OFF: Json = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "active", "value": False}],
}


@contextmanager
def at_permissions(living: Living, name: str) -> Iterator[httpx.Client]:
    """Be somebody before the permissions service."""
    with living.person(name) as client:
        client.base_url = httpx.URL(living.ports.url("permissions"))
        yield client


def deed(erin: httpx.Client, subject: str, deed: str, body: Json) -> None:
    """Do something to somebody as they are now."""
    path = f"/v1/subjects/{subject}"
    version = erin.get(path).raise_for_status().headers["ETag"]
    erin.post(f"{path}/{deed}", json=body, headers={"If-Match": version}).raise_for_status()


def agree(erin: httpx.Client, request: Json) -> None:
    """Approve a request as soon as rights are known well enough for that."""

    def is_decided() -> bool:
        answer = erin.post("/v1/approvals", json=request)
        assert answer.is_success or answer.status_code == 503, answer.text
        return answer.is_success

    eventually(is_decided, "that a request is decided")


@pytest.fixture
def wang(living: Living) -> Iterator[httpx.Client]:
    """Return somebody who may import and export, and owns a program."""
    with at_permissions(living, "erin") as erin, at_permissions(living, "wang") as asks:
        for permission in ("customer:import", "customer:export"):
            wanted = {"permission": permission, "reason": "A list of a fair"}
            asked = asks.post("/v1/requests", json=wanted).raise_for_status().json()
            agree(erin, {"subject_id": WANG, "grant_id": asked["grant_id"]})
        deed(erin, BILLING, "move", {"owner": WANG})
        with living.person("wang") as client:
            yield client
        deed(erin, BILLING, "move", {"owner": OSCAR})
        deed(erin, BILLING, "reinstate", {"reason": "It has an owner again"})


def test_all_that_somebody_has_ends_in_every_process_with_one_word_of_the_provider(
    living: Living, wang: httpx.Client
) -> None:
    with (
        living.person("billing") as billing,
        living.person("erin") as erin,
        at_permissions(living, "wang") as at_rights,
        at_permissions(living, "dave") as dave,
        at_permissions(living, "directory") as directory,
        watching(wang) as messages,
    ):
        next(messages)
        eventually(lambda: billing.get("/v1/fields").status_code == 200, "billing works again")
        eventually(lambda: at_rights.get("/v1/roles").status_code in {200, 403}, "it is decided")
        has_much_to_export(wang)
        path = handed_in(wang, "Fair", ROWS)
        eventually(lambda: rows_of(erin.get(path).json()) > 0, "that some rows are written")
        with reading_slowly(living, "wang", "/v1/exported-customers") as export:
            gone = directory.patch(f"/scim/v2/Users/{WANG}", json=OFF, headers=SCIM)
            assert gone.status_code == 200, gone.text
            eventually(lambda: wang.get("/v1/customers").status_code == 403, "wang is refused")
            eventually(lambda: billing.get("/v1/fields").status_code == 403, "so is the program")
            eventually(lambda: at_rights.get("/v1/subjects").status_code == 403, "refused there")
            assert "inactive_subject" in list(messages)[-1]["data"], "the watch said why it ended"
            eventually(lambda: erin.get(path).json()["state"] == "stopped", "the import is cut")
            assert rows_of(erin.get(path).json()) < ROWS
            eventually(lambda: is_all_told(dave), "that every process told")
            export.take_all()
        assert not export.is_whole
        assert export.taken.count(b"Long") < LONG_ONES
        shown = dave.get(f"/v1/leavers/{WANG}").json()
    assert shown["by"]["kind"] == "service"
    assert shown["not_told"] == []
    told = refusing(shown)
    assert {name.rpartition("/")[0] for name in told} == {
        "customers/all", "customers/worker", "permissions/all",
    }  # fmt: skip
    for one in told.values():
        assert one["evidence"]
        assert one["service_accounts"] == 1
        assert one["is_at_start"] is False
        assert 0 <= one["applied_ms"] < SLACK * one_bound(shown)
        assert 0 <= one["first_refusal_ms"] < SLACK * one_bound(shown)
        assert all(each["ms"] < SLACK * one_bound(shown) for each in one["ended"])
    ended = {each["kind"]: name for name, one in told.items() for each in one["ended"]}
    assert ended.keys() == {"watch", "export", "import", "service_token"}
    assert ended["import"].startswith("customers/worker/")
    assert ended["export"].startswith("customers/all/")


def one_bound(shown: Json) -> int:
    """Return within how many milliseconds a leaver is promised to be refused."""
    promised: int = shown["bound"]["fresh_ms"]
    return promised


def has_much_to_export(client: httpx.Client) -> None:
    """Import more than a connection takes while nobody reads, and wait until it is seen."""
    path = handed_in(client, "Long", LONG_ONES, REST)
    eventually(lambda: client.get(path).json()["state"] == "done", "that it is imported")
    last = {"q": f"Long {LONG_ONES - 1}"}
    eventually(lambda: client.get("/v1/customers", params=last).json()["items"], "that it is seen")


def handed_in(client: httpx.Client, name: str, many: int, rest: str = "") -> str:
    """Hand many customers in as soon as that is allowed; return the path of their import."""
    rows = "".join(f"{name} {number} {rest},{WANG}\n" for number in range(many))
    answers: list[httpx.Response] = []

    def is_taken() -> bool:
        answers.append(client.post("/v1/imports", content=f"name,owner\n{rows}", headers=CSV))
        return answers[-1].status_code == 202

    eventually(is_taken, "an import")
    return f"/v1/imports/{answers[-1].json()['id']}"


def rows_of(shown: Json) -> int:
    """Return how many rows of an import are done."""
    counts: dict[str, int] = shown["counts"]
    return sum(counts.values())


def refusing(shown: Json) -> dict[str, Json]:
    """Return what each process told that refuses, by its name; others of before are gone."""
    every = [one for its in shown["services"] for one in its["processes"]]
    return {one["process"]: one for one in every if one["state"] == "refuses"}


def is_all_told(dave: httpx.Client) -> bool:
    """Say whether three processes told, and refused, and all that ran is said to have ended."""
    told = refusing(dave.get(f"/v1/leavers/{WANG}").raise_for_status().json()).values()
    ended = [each for one in told for each in one["ended"]]
    refused = [one for one in told if one["first_refusal_ms"] is not None and one["evidence"]]
    return (len(told), len(refused), len(ended)) == (3, 3, 4)
