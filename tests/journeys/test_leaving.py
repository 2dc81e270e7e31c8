"""Whoever an identity provider lets go is refused in every process, and it is shown of each."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from shared.authorization.people import DEMO_PEOPLE
from tests.journeys.living import Json, Living, eventually
from tests.journeys.test_watch import watching

WANG, BILLING, OSCAR = (DEMO_PEOPLE[name].subject for name in ("wang", "billing", "oscar"))
ROWS = 20_000
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


@pytest.fixture
def wang(living: Living) -> Iterator[httpx.Client]:
    """Return somebody who may import, and owns a program."""
    with at_permissions(living, "erin") as erin, at_permissions(living, "wang") as asks:
        wanted = {"permission": "customer:import", "reason": "A list of a fair"}
        asked = asks.post("/v1/requests", json=wanted)
        assert asked.is_success, asked.text
        one = {"subject_id": WANG, "grant_id": asked.json()["grant_id"]}
        agreed = erin.post("/v1/approvals", json=one)
        assert agreed.is_success, f"{agreed.text} {asked.text}"
        deed(erin, BILLING, "move", {"owner": WANG})
        with living.person("wang") as client:
            yield client
        deed(erin, BILLING, "move", {"owner": OSCAR})
        deed(erin, BILLING, "reinstate", {"reason": "It has an owner again"})


def test_all_that_somebody_has_ends_in_every_process_with_one_word_of_the_provider(
    living: Living, wang: httpx.Client
) -> None:
    rows = "name\n" + "".join(f"Fair {number}\n" for number in range(ROWS))
    csv = {"Content-Type": "text/csv"}
    with (
        living.person("billing") as billing,
        living.person("erin") as erin,
        at_permissions(living, "wang") as at_rights,
        at_permissions(living, "dave") as dave,
        at_permissions(living, "directory") as directory,
        watching(wang) as messages,
    ):
        next(messages)
        wang.get("/v1/customers").raise_for_status()
        eventually(lambda: billing.get("/v1/fields").status_code == 200, "billing works again")
        eventually(lambda: at_rights.get("/v1/roles").status_code in {200, 403}, "it is decided")
        eventually(
            lambda: wang.post("/v1/imports", content=rows, headers=csv).status_code == 202,
            "an import",
        )
        first = erin.get("/v1/imports").raise_for_status().json()["items"][0]
        path = f"/v1/imports/{first['id']}"
        eventually(lambda: rows_of(erin.get(path).json()) > 0, "that some rows are written")

        gone = directory.patch(
            f"/scim/v2/Users/{WANG}", json=OFF, headers={"Content-Type": "application/scim+json"}
        )
        assert gone.status_code == 200, gone.text
        eventually(lambda: wang.get("/v1/customers").status_code == 403, "wang is refused")
        eventually(lambda: billing.get("/v1/fields").status_code == 403, "so is the program")
        eventually(lambda: at_rights.get("/v1/subjects").status_code == 403, "refused there, too")
        assert "inactive_subject" in list(messages)[-1]["data"], "the watch said why it ended"
        eventually(lambda: erin.get(path).json()["state"] == "stopped", "that the import is cut")
        assert rows_of(erin.get(path).json()) < ROWS

        eventually(lambda: is_all_told(dave), "that every process told")
        shown = dave.get(f"/v1/leavers/{WANG}").json()
    assert shown["by"]["kind"] == "service"
    assert shown["not_told"] == []
    told = processes_of(shown)
    assert {name.rpartition("/")[0] for name in told} == {
        "customers/all", "customers/worker", "permissions/all",
    }  # fmt: skip
    for one in told.values():
        assert one["evidence"]
        assert one["service_accounts"] == 1
        assert one["is_at_start"] is False
    ended = {each["kind"]: name for name, one in told.items() for each in one["ended"]}
    assert ended.keys() == {"watch", "import", "service_token"}
    assert ended["import"].startswith("customers/worker/")


def rows_of(shown: Json) -> int:
    """Return how many rows of an import are done."""
    counts: dict[str, int] = shown["counts"]
    return sum(counts.values())


def processes_of(shown: Json) -> dict[str, Json]:
    """Return what each process told, by its name."""
    return {one["process"]: one for its in shown["services"] for one in its["processes"]}


def is_all_told(dave: httpx.Client) -> bool:
    """Say whether three processes told, and refused, and all that ran is said to have ended."""
    told = processes_of(dave.get(f"/v1/leavers/{WANG}").raise_for_status().json()).values()
    ended = [each for one in told for each in one["ended"]]
    refused = [one for one in told if one["first_refusal_ms"] is not None and one["evidence"]]
    return (len(told), len(refused), len(ended)) == (3, 3, 3)
