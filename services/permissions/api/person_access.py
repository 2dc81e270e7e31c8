"""What one person may do and did with it, on one page for security, each line with its evidence."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.findings import finding_record
from services.permissions.api.grant_bodies import grant_view, request_view, state_of
from services.permissions.api.reach import Reach, Reached
from services.permissions.api.subject_bodies import subject_view
from services.permissions.application.comparing import Comparing
from services.permissions.application.leavers import GONE
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Book
from services.permissions.domain.rights import Right, rights_given
from services.permissions.domain.subject.life import no_such_subject
from services.permissions.domain.subject.state import Subject
from services.permissions.projections.usage import REFUSALS_KEPT
from services.permissions.projections.usage_queries import Refused, UsageQueries, Used
from shared.authorization.fields import Outcome
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.eventstore.store import EventStore
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller, Guard
from shared.web.queries import path_id
from shared.web.recording import Access
from shared.web.routes import Routes

ONE: Final = "/v1/subjects/{subject_id}/access"
MOST_RIGHTS: Final = 200
MOST: Final = 50
"""So many of everything else; `more` says how many are left out."""


class Some(BaseModel):
    """The first of a list, and how many `more` there are."""

    items: list[dict[str, Any]]
    more: int


class AccessView(BaseModel):
    """What somebody may do, did and was refused; null is what whoever asks may not see.

    Evidence is an event id with its place: of grants in the subject's own stream, of uses and
    refusals on daybook.access.v1. Uses are known from `uses_known_since` on, and `read_models`
    say how old that knowledge is.
    """

    subject: dict[str, Any]
    at: datetime
    rights: Some | None
    denials: Some | None
    emergencies: Some | None
    requests: Some | None
    refusals: Some | None
    refusals_since: datetime
    findings: Some | None
    review_items: Some | None
    service_accounts: Some
    leaver: str | None
    uses_known_since: datetime | None
    read_models: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Person:
    """Whose page it is, as of one book."""

    id: UUID
    subject: Subject
    book: Book
    version: int
    at: datetime
    given: Mapping[UUID, Mapping[str, Any]]
    """The event that gave each grant."""
    used: Mapping[str, Used]


class PersonAccessRoutes:
    """The handler of the route."""

    def __init__(
        self, book: PolicyBook, comparing: Comparing, usage: UsageQueries, store: EventStore,
        guard: Guard, clock: Clock,
    ) -> None:  # fmt: skip
        self._book = book
        self._comparing = comparing
        self._clock = clock
        self._usage = usage
        self._store = store
        self._guard = guard

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", ONE, "get_subject_access", Permission.PEOPLE_READ, self.one,
            access=Access(target="subject_id"),
            answers={200: Answer("What they may do, with evidence.", AccessView)},
        )  # fmt: skip

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read what somebody may do by which grant, when they last did, and what was refused.

        What was given, asked for and refused only with grant:read, findings with finding:read,
        items of open reviews with review:read for everybody.
        """
        subject_id = path_id(request, "subject_id")
        await self._book.catch_up()
        reached = Reach(self._guard).of(caller)
        book, at = self._book.book.copy(), self._clock.now()
        subject = book.subject(subject_id)
        version = self._book.versions.get(f"subject-{subject_id}", 0)
        sees = reached.sees(Permission.PEOPLE_READ, subject_id)
        if not sees or subject.life in {None, "erased"}:
            raise no_such_subject()
        since = at - REFUSALS_KEPT
        used, refused, known_since, ages, given = await asyncio.gather(
            self._usage.used_by(subject_id), self._usage.refused_to(subject_id, since.date()),
            self._usage.known_since(), self._usage.ages(), self._given(subject_id),
        )  # fmt: skip
        by_permission = {one.permission: one for one in used}
        person = _Person(subject_id, subject, book, version, at, given, by_permission)
        told = {
            **self._known(person, reached),
            **(
                self._of_grants(person, refused)
                if self._sees_grants(person, reached)
                else NO_GRANTS
            ),
            "findings": await self._findings(subject_id, caller),
            "review_items": self._review_items(person, caller),
            "refusals_since": since,
            "uses_known_since": known_since,
            "read_models": ages,
        }
        return JsonAnswer(told, 200, {"Cache-Control": "no-store"})

    def _sees_grants(self, person: _Person, reached: Reached) -> bool:
        return reached.may(Permission.GRANTS_READ, person.id)

    def _known(self, person: _Person, reached: Reached) -> dict[str, Any]:
        """Return who it is, and what depends on them."""
        reads, book = Permission.PEOPLE_READ, person.book
        view = reached.view(reads, person.id)
        owned = [
            {"id": str(one), **reached.view(reads, one).seen({"life": book.subject(one).life})}
            for one in book.owned_by(person.id)
            if reached.may(reads, one)
        ]
        is_gone = person.subject.life in GONE and view.outcome("life") is Outcome.SHOW
        return {
            "subject": subject_view(person.id, person.subject, view, person.version),
            "at": person.at,
            "service_accounts": some(owned),
            "leaver": f"/v1/leavers/{person.id}" if is_gone else None,
        }

    def _of_grants(self, person: _Person, refused: Sequence[Refused]) -> dict[str, Any]:
        grants = person.subject.grants
        denied = [one for one, its in grants.items() if its.terms.effect == "deny"]
        to_review = person.subject.to_review
        taken = [one for one, its in grants.items() if its.is_break_glass or one in to_review]
        gone = [{"id": str(one), "to_review": True} for one in to_review if one not in grants]
        return {
            "rights": some(_rights(person), MOST_RIGHTS),
            "denials": some([_grant(person, one) for one in denied]),
            "emergencies": some([_grant(person, one) for one in taken] + gone),
            "requests": some([
                request_view(person.id, one, its)
                for one, its in person.subject.requests.items()
                if its.is_open(person.at)
            ]),
            "refusals": some([asdict(one) for one in refused]),
        }  # fmt: skip

    async def _findings(self, subject_id: UUID, caller: Caller) -> dict[str, Any] | None:
        rights = self._guard.rights(caller)
        if not rights.may(Permission.FINDINGS_READ, finding_record(rights, subject_id)):
            return None
        compared = await self._comparing.now()  # Everybody: only for whoever may see findings.
        return some([
            {
                "id": str(one.finding_id), "kind": one.kind, "grant_id": str(one.grant_id),
                "because": dict(one.because),
            }
            for one in compared.findings
            if one.subject_id == subject_id
        ])  # fmt: skip

    def _review_items(self, person: _Person, caller: Caller) -> dict[str, Any] | None:
        rights = self._guard.rights(caller)
        if not rights.may(Permission.REVIEWS_READ, rights.record("review", "")):
            return None
        return some([
            {
                "review": str(review_id), "number": item.frozen.number,
                "grant_id": str(item.frozen.grant_id), "decision": item.decision,
                "reviewer": None if item.reviewer is None else str(item.reviewer),
            }
            for review_id, review in person.book.reviews.items()
            if review.is_open
            for item in review.items.values()
            if item.frozen.subject == person.id
        ])  # fmt: skip

    async def _given(self, subject_id: UUID) -> Mapping[UUID, Mapping[str, Any]]:
        """Return the event that gave each grant: its id, place, time and who did it."""
        found: dict[UUID, Mapping[str, Any]] = {}
        for its in await self._store.load(f"subject-{subject_id}"):
            if its.type in {"GrantGiven", "GrantApproved"}:
                found[UUID(orjson.loads(its.data)["grant_id"])] = {
                    "event_id": str(its.event_id), "stream": its.stream, "version": its.version,
                    "at": its.recorded_at, "by": its.origin.actor,
                }  # fmt: skip
        return found


NO_GRANTS: Final = dict.fromkeys(("rights", "denials", "emergencies", "requests", "refusals"))


def some(items: Sequence[Mapping[str, Any]], most: int = MOST) -> dict[str, Any]:
    """Return the first of them, and how many more there are."""
    return {"items": list(items[:most]), "more": max(0, len(items) - most)}


def _grant(person: _Person, grant_id: UUID) -> dict[str, Any]:
    grant, subject = person.subject.grants[grant_id], person.subject
    waits = grant_id in subject.to_review
    told = grant_view(person.id, grant_id, grant, person.at, to_review=waits)
    return told | {"evidence": person.given.get(grant_id)}


def _rights(person: _Person) -> list[dict[str, Any]]:
    """Return each permission that any grant gives now or later, by which, and its last use."""
    ways: dict[str, list[dict[str, Any]]] = {}
    denied: set[str] = set()
    policy, at = person.book.policy, person.at
    for grant_id, grant in person.subject.grants.items():
        if grant.terms.is_over(at):
            continue
        for permission, right in rights_given(policy, grant.terms):
            if grant.terms.effect == "deny":
                denied.add(permission)
                continue
            way = {
                "grant_id": str(grant_id), "role": grant.terms.role,
                "state": state_of(grant.terms, at), **_reach(right),
                "evidence": person.given.get(grant_id),
            }  # fmt: skip
            ways.setdefault(permission, []).append(way)
    return [
        {
            "permission": permission, "is_denied_somewhere": permission in denied,
            "by": some(its), **_use(person.used.get(permission)),
        }
        for permission, its in sorted(ways.items())
    ]  # fmt: skip


def _reach(right: Right) -> dict[str, Any]:
    return {
        "scope": right.scope, "clearance": right.clearance, "from": right.starts,
        "until": right.until, "has_conditions": bool(right.conditions),
        "records": None if right.records is None else len(right.records),
    }  # fmt: skip


def _use(used: Used | None) -> dict[str, Any]:
    if used is None:
        return {"last_use": None, "times": 0, "used_evidence": None}
    return {
        "last_use": used.last_at, "times": used.times, "used_evidence": asdict(used.evidence),
    }  # fmt: skip
