"""The routes of AuthZEN, and beside them one that does nothing, in one api with everything on.

Run as `python -m bench.evaluating_api PORT ISSUER`: sign-in, permission, limits, tracing and
records as in the service; ten thousand people, of whom each may read and a tenth may write what is
theirs; records of other programs are as the caller says. The database takes what is on record.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import httpx
import uvloop
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.authzen.routes import AuthzenRoutes
from services.permissions.application.evaluating import Evaluator
from services.permissions.application.resources import Resources
from services.permissions.application.subject_names import SubjectNames
from services.permissions.domain.subject.events import SubjectDescribed
from services.permissions.domain.subject.state import Subject
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.authorization.rights import Basis
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from shared.clock import SystemClock
from shared.eventstore.records import RecordKeeper
from shared.eventstore.tokens import TokenPart
from shared.observability.metrics import Metrics
from shared.observability.traces import Tracing
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.tokens import TokenVerifier
from shared.settings import StoreSettings
from shared.web.answers import Answer, JsonAnswer
from shared.web.app import Api, create_app, serve
from shared.web.callers import Caller, Guard
from shared.web.health import Readiness
from shared.web.limits import RequestLimits
from shared.web.pages import PageTokens
from shared.web.recording import Recorder
from shared.web.routes import Routes
from shared.web.serving import listen

PEOPLE: Final = 10_000
NOTHING: Final = "/v1/nothing"
MINE: Final = {"attribute": "resource.ownerID", "is": "eq", "to": "subject.email"}
CLOCK: Final = SystemClock()


def person(number: int) -> UUID:
    """Return the id of somebody."""
    return UUID(int=number + 1)


class Fixed:
    """Decisions by one world, and everybody's names."""

    def __init__(self) -> None:
        self._world = World().after(
            PermissionEvent(at, stream, type_, data)
            for at, (stream, type_, data) in enumerate(_events(), start=1)
        )
        self._names = SubjectNames()
        for number in range(PEOPLE):
            known = Subject(emails=(f"p{number}@example.org",), identifiers=(f"p{number}",))
            self._names.follow(person(number), known, SubjectDescribed())

    def basis(self) -> Basis:
        """Return the world, as of now."""
        return Basis(self._world, 1, moment(CLOCK.now()), 0.0)

    async def has_reached(self, _seen: Sequence[TokenPart]) -> bool:
        """Have seen everything."""
        return True

    async def names(self, _basis: Basis) -> SubjectNames:
        """Return how everybody is called."""
        return self._names


class NothingDeclared:
    """Whoever asks brings the record along."""

    def declared(self, _resource_type: str) -> Mapping[str, Record]:
        """Return nothing."""
        return {}


def _events() -> list[tuple[str, str, dict[str, object]]]:
    policy: list[tuple[str, dict[str, object]]] = [
        ("DataClassSet", {"resource_type": type_, "field": "*", "data_class": "internal"})
        for type_ in ("record", "evaluation")
    ]
    for name in ("record:read", "record:write", Permission.EVALUATIONS_ASK.value):
        facts: dict[str, object] = {"permission": name, "risk": "normal", "title": {"en": name}}
        policy.append(("PermissionDefined", facts))
    for role, permission, condition in (
        ("reader", "record:read", None), ("writer", "record:write", MINE),
        ("asker", Permission.EVALUATIONS_ASK.value, None),
    ):  # fmt: skip
        policy.append(("RoleDefined", {"role": role, "level": 1, "title": {"en": role}}))
        allowance: dict[str, object] = {
            "scope": "all",
            "clearance": "internal",
            "condition": condition,
        }
        set_: dict[str, object] = {
            "role": role,
            "permission": permission,
            "allowances": [allowance],
        }
        policy.append(("RolePermissionSet", set_))
    events = [("policy", type_, data) for type_, data in policy]
    roles = [(str(person(n)), ("reader", "writer")[: 1 + (n % 10 == 0)]) for n in range(PEOPLE)]
    roles += [(one.subject, ("asker",)) for one in DEMO_PEOPLE.values()]
    for subject, given in roles:
        events.append((f"subject-{subject}", "SubjectJoined", {"kind": "person"}))
        for role in given:
            grant: dict[str, object] = {
                "grant_id": f"{subject}-{role}",
                "role": role,
                "effect": "allow",
            }
            events.append((f"subject-{subject}", "GrantGiven", grant))
    return events


def api(port: int, verifier: TokenVerifier, keeper: RecordKeeper) -> Api:
    """Return the app."""
    fixed = Fixed()
    guard = Guard(verifier, fixed, RequestLimits(CLOCK, 0))
    recorder = Recorder(keeper, CLOCK)
    app = create_app(
        title="bench", version="0", guard=guard, recorder=recorder, tracing=Tracing(share=0.05),
        readiness=_readiness, metrics=Metrics("bench", "api", "0"),
    )  # fmt: skip
    routes = Routes(app, guard, recorder)
    evaluator = Evaluator(fixed, fixed, Resources({}, NothingDeclared()), recorder.decisions)
    AuthzenRoutes(evaluator, PageTokens(b"k" * 32), f"http://127.0.0.1:{port}").add_to(routes)
    routes.add(
        "POST", NOTHING, "nothing", Permission.EVALUATIONS_ASK, _nothing,
        takes=["application/json"], answers={200: Answer("Nothing.")}, everywhere=True,
    )  # fmt: skip
    return app


async def _nothing(_request: Request, _caller: Caller) -> Response:
    """Answer without looking at anything."""
    return JsonAnswer({"decision": True})


async def _readiness() -> Readiness:
    return Readiness.of("api", {})


async def _main(port: int, issuer: str) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        verifier = TokenVerifier(issuer=issuer, audience="daybook", http=http, clock=CLOCK)
        truth = Lanes(dsn_for(StoreSettings().truth_dsn, "api"), 2, application_name="bench")
        await truth.open()
        its = api(port, verifier, RecordKeeper(truth, CLOCK, 12))
        await serve(its, listen("127.0.0.1", port), stopping=asyncio.Event())


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1]), sys.argv[2]))
