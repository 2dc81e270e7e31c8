"""The permissions service dies in the middle of changes: nothing is lost or doubled."""

import signal
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx

from shared.authorization.people import DEMO_PEOPLE
from tests.journeys.living import Json, Living, eventually
from tests.journeys.test_leaving import at_permissions

WHO = ("carol", "leo", "alice", "bob")
EACH = 6
REGISTERING = {"permission": "customer:register", "scope": "all", "clearance": "confidential"}
SOMEBODY = {"kind": "person", "name": "Registered by support"}


class Giver:
    """Gives one person one grant after the other; each is asked for until it is acknowledged."""

    def __init__(self, living: Living, person: str) -> None:
        self._living = living
        self.subject = DEMO_PEOPLE[person].subject
        self.acknowledged: list[str] = []

    def run(self) -> None:
        for _ in range(EACH):
            terms = {"records": [str(uuid4())]}
            self.give({**REGISTERING, **terms})

    def give(self, terms: Json) -> None:
        body = {"subject_id": self.subject, "reason": "A story", **terms}
        key = {"Idempotency-Key": str(uuid4())}
        with at_permissions(self._living, "erin") as erin:
            eventually(lambda: self._is_given(erin, body, key), "that a grant is acknowledged")

    def _is_given(self, erin: httpx.Client, body: Json, key: dict[str, str]) -> bool:
        try:
            answer = erin.post("/v1/grants", json=body, headers=key)
        except httpx.TransportError:
            return False
        if answer.status_code == 503 or "version-conflict" in answer.text:
            return False
        assert answer.is_success, answer.text
        self.acknowledged.append(answer.json()["grant_id"])
        return True

    def stored(self) -> list[str]:
        """Return the grants of these that the person has."""
        with at_permissions(self._living, "erin") as erin:
            grants = erin.get(f"/v1/subjects/{self.subject}").raise_for_status().json()["grants"]
        return [one["id"] for one in grants if one.get("permission") == "customer:register"]


def test_each_acknowledged_grant_is_there_once_though_the_service_is_killed_meanwhile(
    living: Living,
) -> None:
    givers = [Giver(living, person) for person in WHO]
    with ThreadPoolExecutor(len(givers)) as clients:
        running = [clients.submit(giver.run) for giver in givers]
        eventually(
            lambda: any(giver.acknowledged for giver in givers) or running[0].done(), "a grant"
        )
        with living.ended_by(signal.SIGKILL, "permissions"):
            pass
        for one in running:
            one.result()
    for giver in givers:
        assert sorted(giver.stored()) == sorted(set(giver.acknowledged))
        assert len(giver.acknowledged) == EACH

    with living.person("carol") as carol:
        assert carol.post("/v1/customers", json=SOMEBODY).status_code == 403
        givers[0].give(REGISTERING)
        eventually(lambda: is_registered(carol), "that the customers service follows on")


def is_registered(carol: httpx.Client) -> bool:
    return carol.post("/v1/customers", json=SOMEBODY).status_code == 201
