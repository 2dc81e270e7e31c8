"""A service that starts while the permissions service hangs decides by its copy, as risks allow."""

import signal
from uuid import uuid4

import httpx

from tests.journeys.living import Living, eventually
from tests.journeys.test_leaving import at_permissions

COPY = "select from permission_copy where as_of > now() - interval '1 minute'"
FROM_COPY = "permissions are as of a copy"
UNREACHABLE = 0


def seen(living: Living) -> int:
    """Return how often customers said by now that it decides by its copy."""
    return (living.place.logs / "customers.log").read_text().count(FROM_COPY)


class Asking:
    """Asks for something of low and of critical risk, and keeps what was answered."""

    def __init__(self, oscar: httpx.Client, petra: httpx.Client) -> None:
        self._oscar = oscar
        self._petra = petra
        self.low: list[tuple[int, str]] = []
        self.critical: list[tuple[int, str]] = []

    def again(self) -> None:
        """Ask for both: how much is done here, and to erase somebody whom nobody knows."""
        erasure = f"/v1/customers/{uuid4()}/erasure"
        why = {"reason": "consent-withdrawn"}
        self.low.append(answered(self._oscar, "GET", "/v1/activity"))
        self.critical.append(answered(self._petra, "POST", erasure, why))

    def is_served(self) -> bool:
        """Ask again, and say whether what is of low risk is served."""
        self.again()
        return self.low[-1][0] == 200

    def is_decided(self) -> bool:
        """Ask again, and say whether what is critical is decided: there is nobody to erase."""
        self.again()
        return self.critical[-1][0] == 404


def answered(
    client: httpx.Client, method: str, path: str, body: dict[str, str] | None = None
) -> tuple[int, str]:
    """Return the status and the kind of problem that were answered."""
    try:
        answer = client.request(method, path, json=body)
    except httpx.TransportError:
        return UNREACHABLE, ""
    return answer.status_code, "" if answer.is_success else answer.json()["type"]


def test_without_the_permissions_service_a_new_process_serves_by_its_copy_what_its_age_allows(
    living: Living,
) -> None:
    with (
        living.person("oscar") as oscar,
        living.person("petra") as petra,
        at_permissions(living, "oscar") as at_rights,
    ):
        eventually(Asking(oscar, petra).is_decided, "that all is well")
        eventually(lambda: living.ask("views", COPY), "a copy")
        before, permissions = seen(living), living.whole.pids()["permissions"]
        asking = Asking(oscar, petra)
        with living.hanging("permissions"):
            with living.ended_by(signal.SIGKILL):
                pass
            eventually(asking.is_served, "that what is of low risk is served")
            asking.again()
            assert seen(living) == before + 1, "it began with its copy"
            assert asking.critical[-1] == (503, "/problems/undecided")
            undecided = (503, "/problems/undecided")
            assert {*asking.critical} <= {undecided, (UNREACHABLE, "")}
            assert {*asking.low} <= {undecided, (UNREACHABLE, ""), (200, "")}
        assert living.whole.pids()["permissions"] == permissions, "nobody ends who only hung"
        eventually(asking.is_decided, "that what is critical is decided again")
        eventually(lambda: at_rights.get("/v1/roles").status_code == 200, "there as well")
