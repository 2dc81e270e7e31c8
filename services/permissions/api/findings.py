"""Routes of findings: what somebody should look at, and the remedy of each, in one request."""

from typing import Any, Final, get_args
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes import CHANGED, HEADERS, Changes, Sent
from services.permissions.api.paging import PAGING, Pages, query_of
from services.permissions.api.reach import Reach, Reached
from services.permissions.application.comparing import Compared, Comparing
from services.permissions.domain.book import OnSubject
from services.permissions.domain.findings import Finding, Kind
from services.permissions.domain.rights import differences, standing_of
from services.permissions.domain.subject.state import without_grant
from services.permissions.domain.usage import UNUSED_AFTER
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.rights import Rights
from shared.errors import InvalidInputError, NotFoundError
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller, Guard
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH, Parameter
from shared.web.queries import path_id, text
from shared.web.routes import Routes
from shared.web.versions import etag, version_of_if_match

LIST: Final = "/v1/findings"
ONE: Final = "/v1/findings/{finding_id}"
PLACES: Final = ("department", "teams")
"""What a finding may tell of a person, named as the person's fields are."""
KINDS: Final = get_args(Kind)
KIND: Final = Parameter("kind", "query", f"Only these: {', '.join(KINDS)}.")


class FindingView(BaseModel):
    """A grant that should be looked at, why, and what its remedy takes away."""

    id: UUID
    kind: str
    subject: dict[str, Any]
    grant: dict[str, Any]
    because: dict[str, Any]
    remedy: dict[str, Any]
    loses: list[str]
    version: int


class FindingPage(BaseModel):
    """A page of findings; `not_known` are kinds that cannot be found yet, and why."""

    items: list[FindingView]
    next_page_token: str | None
    not_known: list[dict[str, str]]


class FindingRoutes:
    """The handlers of the routes."""

    def __init__(self, changes: Changes, pages: Pages, comparing: Comparing, guard: Guard) -> None:
        self._changes = changes
        self._pages = pages
        self._comparing = comparing
        self._guard = guard

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads = Permission.FINDINGS_READ
        routes.add(
            "GET", LIST, "list_findings", reads, self.every, parameters=[KIND, *PAGING],
            answers={200: Answer("A page of findings.", FindingPage)},
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_finding", reads, self.one,
            answers={200: Answer("The finding.", FindingView, {"ETag": HEADERS["ETag"]})},
        )  # fmt: skip
        routes.add(
            "POST", f"{ONE}/remedy", "remedy_finding", Permission.GRANTS_REVOKE, self.remedy,
            parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED},
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """List what somebody should look at: computed now, from all grants that there are.

        outside_the_role: a single permission that a role gives anyway, or that stands beside the
        roles without an end. wider_than_peers: at most one in five of the same department has it.
        kept_after_a_move: given before somebody left a department or team, and not reviewed since.
        unused: nothing of it was used for 90 days, as long as it is there and uses are known.
        """
        kind = text(request, "kind", at_most=40)
        if kind is not None and kind not in KINDS:
            raise InvalidInputError(
                "there is no such kind of finding", field="kind", fix=f"use {', '.join(KINDS)}"
            )
        compared, found = await self._found(caller)
        query = query_of(request, LIST, ["kind"])
        after = self._pages.after(request, query)
        keyed = [
            ((str(one.subject_id), str(one.finding_id)), one)
            for one in found
            if kind in (None, one.kind)
        ]
        keyed.sort(key=lambda its: its[0])
        rest = [its for its in keyed if its[0] > after]
        reached = Reach(self._guard).of(caller)
        return self._pages.page(
            request, query, rest, shown=lambda one: _view(compared, one, reached),
            besides={"not_known": _not_known(compared)},
        )  # fmt: skip

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read one finding; its ETag is the version of whoever has the grant."""
        compared, found = await self._found(caller)
        finding = _named(found, path_id(request, "finding_id"))
        told = _view(compared, finding, Reach(self._guard).of(caller))
        headers = {"ETag": etag(told["version"]), "Cache-Control": "no-store"}
        return JsonAnswer(told, 200, headers)

    async def remedy(self, request: Request, caller: Caller) -> Response:
        """Mend what was found: the grant is revoked, if all is as you read it.

        The rules of revoking hold as ever: not above your own level, and the last administrator
        stays.
        """
        expected = version_of_if_match(request)
        _, found = await self._found(caller)
        finding = _named(found, path_id(request, "finding_id"))
        Reach(self._guard).of(caller).require(Permission.GRANTS_REVOKE, finding.subject_id)
        stream = f"subject-{finding.subject_id}"
        done = await self._changes.run(
            Sent(request, caller), "remedy_finding",
            lambda _: [OnSubject(finding.subject_id, finding.remedy)],
            stream=stream, expected={stream: expected},
        )  # fmt: skip
        return done.answer()

    async def _found(self, caller: Caller) -> tuple[Compared, list[Finding]]:
        """Return what is found and the caller may see."""
        compared = await self._comparing.now()
        rights = self._guard.rights(caller)
        return compared, [
            one
            for one in compared.findings
            if rights.may(Permission.FINDINGS_READ, finding_record(rights, one.subject_id))
        ]


def _named(found: list[Finding], finding_id: UUID) -> Finding:
    for one in found:
        if one.finding_id == finding_id:
            return one
    raise NotFoundError(
        "this is not found any more",
        code="finding-not-found",
        field="finding_id",
        fix="see what there is with GET /v1/findings",
    )


def _not_known(compared: Compared) -> list[dict[str, str]]:
    """Return which kinds cannot be found yet, and why."""
    since = compared.uses.known_since
    if compared.uses.are_known_for(UNUSED_AFTER, compared.at):
        return []
    if since is None:
        why = "no service has told of uses yet, or they cannot be read now"
    else:
        first = (since + UNUSED_AFTER).isoformat()
        why = f"uses are known since {since.isoformat()}: found from {first} on"
    return [{"kind": "unused", "why": why}]


def finding_record(rights: Rights, subject_id: UUID) -> Record:
    """Return what a finding about somebody is to decisions: theirs, and as secret as all are."""
    return rights.record("finding", str(subject_id), str(subject_id))


def _view(compared: Compared, finding: Finding, reached: Reached) -> dict[str, Any]:
    book = compared.book
    subject, terms = book.subject(finding.subject_id), finding.terms
    finding_id = finding.finding_id
    seen = reached.view(Permission.PEOPLE_READ, finding.subject_id)
    person = {
        "display_name": subject.display_name,
        "user_name": subject.user_name,
        "department": subject.place.department,
    }
    after = standing_of(book.policy, without_grant(subject, finding.grant_id))
    lost = differences(standing_of(book.policy, subject), after)
    grant = {
        "grant_id": str(finding.grant_id), "role": terms.role, "permission": terms.permission,
        "scope": terms.scope, "clearance": terms.clearance, "until": terms.until,
    }  # fmt: skip
    return {
        "id": str(finding_id),
        "kind": finding.kind,
        "subject": {"id": str(finding.subject_id), **seen.seen(person)},
        "grant": {name: value for name, value in grant.items() if value is not None},
        "because": _because(finding, seen),
        "remedy": {
            "command": "RevokeGrant",
            "subject_id": str(finding.subject_id),
            "grant_id": str(finding.grant_id),
            "post": f"{LIST}/{finding_id}/remedy",
        },
        "loses": [one.permission for one in lost if one.lost],
        "version": compared.versions.get(f"subject-{finding.subject_id}", 0),
    }


def _because(finding: Finding, seen: FieldView) -> dict[str, Any]:
    """Return why, without where the person is now, if the caller may not see that."""
    places = {name: finding.because[name] for name in PLACES if name in finding.because}
    rest = {name: value for name, value in finding.because.items() if name not in places}
    return {**rest, **seen.seen(places)}
