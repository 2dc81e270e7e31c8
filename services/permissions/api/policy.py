"""Routes of the policy: as a file: written, looked at, applied."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes_told import LARGEST_FILE, ChangeView, changes_told
from services.permissions.api.reach import Reach
from services.permissions.application.policy_files import Applied, PolicyFiles
from services.permissions.domain.book import Book, SubjectFact
from services.permissions.domain.by_hand import NotByHandError
from services.permissions.domain.policy_file.writing import without_people
from services.permissions.domain.subject.evolving import terms_of
from services.permissions.domain.subject.grant_events import GrantRequested
from services.permissions.domain.subject.state import Terms
from shared.authorization.permissions import Permission
from shared.authorization.state import RESTRICTED
from shared.given import Given
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller, Guard
from shared.web.documents import IDEMPOTENCY_KEY
from shared.web.idempotency import remembering
from shared.web.recording import Access
from shared.web.routes import Routes
from shared.web.versions import etag


class PolicyBody(Given):
    """A policy file, to be looked at or applied."""

    file: str = Field(max_length=LARGEST_FILE, description="The file: YAML.")
    dry_run: bool = Field(default=False, description="Only say what it would change.")


class PolicyFileView(BaseModel):
    """Everything as a policy file: applied again, it changes nothing."""

    file: str
    version: int


class PlannedRequestView(BaseModel):
    """What a file only asks for, because somebody else must agree to that person having it."""

    subject_id: UUID
    user_name: str | None
    role: str | None
    permission: str | None


class PlanView(BaseModel):
    """What a policy file changes."""

    applied: bool
    events: int
    changes: list[ChangeView]
    requested: list[UUID]
    """Subjects for whom something is only requested, because somebody else must agree."""
    requests: list[PlannedRequestView]
    """The same, each with what it is."""
    needs_second_person: list[str]
    """Why somebody else must approve the file before it is applied; empty: nobody must."""
    stays_gone: list[str]
    """Who is named in the file and left: the line, and what to do; a file brings nobody back."""


class ApprovalBody(Given):
    """A policy file to which somebody agrees."""

    file: str = Field(max_length=LARGEST_FILE, description="The very file: YAML.")


class ApprovedView(BaseModel):
    """To what somebody agreed; somebody else may make it within a week."""

    needs_second_person: list[str]


class PolicyRoutes:
    """The handlers of the policy's routes."""

    def __init__(self, files: PolicyFiles, guard: Guard, secret: bytes) -> None:
        self._files = files
        self._guard = guard
        self._secret = secret

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "GET", "/v1/policy", "export_policy", Permission.POLICY_READ, self.export,
            access=Access(),
            answers={200: Answer("The file.", PolicyFileView, {"ETag": "The policy's version."})},
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", "/v1/policy", "apply_policy", Permission.POLICY_CHANGE, self.apply,
            body=PolicyBody, access=Access(), parameters=[IDEMPOTENCY_KEY],
            answers={200: Answer("What it changes, or changed.", PlanView)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", "/v1/policy/approvals", "approve_policy", Permission.POLICY_CHANGE,
            self.approve, body=ApprovalBody,
            answers={200: Answer("Somebody else may apply it for a week.", ApprovedView)},
            everywhere=True,
        )  # fmt: skip

    async def export(self, _request: Request, caller: Caller) -> Response:
        """Write policy, teams and people as a file; people for whoever may see all of them."""
        text, version = await self._files.write()
        rights = self._guard.rights(caller)
        _, view = rights.look(Permission.PEOPLE_READ, rights.record("subject", ""))
        if view.clearance < RESTRICTED:
            text = without_people(text)
        headers = {"ETag": etag(version), "Cache-Control": "no-store"}
        return JsonAnswer({"file": text, "version": version}, 200, headers)

    async def apply(self, request: Request, caller: Caller) -> Response:
        """Apply a policy file as a whole, or say what it would change: who gains, who loses.

        Applied again it changes nothing. What two people must agree to is only requested.
        """
        raw = await read_body(request)
        body = parse(PolicyBody, raw)
        if body.dry_run:
            with self._on_record(caller):
                looked = await self._files.look(body.file, by=caller.subject)
            return JsonAnswer(_plan(looked))
        remember = remembering(request, caller, raw, self._secret, status=200, route="apply_policy")
        with self._on_record(caller):
            applied = await self._files.apply(body.file, by=caller.subject, remember=remember)
        return JsonAnswer(_plan(applied), 200, _headers(applied))

    async def approve(self, request: Request, caller: Caller) -> Response:
        """Agree that somebody else applies this very file, if two people must.

        It is agreed to what the file does now, for a week, and for once; nobody agrees with
        themself.
        """
        body = parse(ApprovalBody, await read_body(request))
        with self._on_record(caller):
            approved = await self._files.approve(body.file, by=caller.subject)
        return JsonAnswer({"needs_second_person": _dangers(approved)}, 200, _headers(approved))

    @contextmanager
    def _on_record(self, caller: Caller) -> Iterator[None]:
        """Put it on record which right was missing for a line, as the route of the line would."""
        try:
            yield
        except NotByHandError as refused:
            Reach(self._guard).of(caller).note_refusal(refused.asked, refused.record)
            raise


def _headers(applied: Applied) -> dict[str, str]:
    outcome = applied.outcome
    if outcome is None or outcome.token is None:
        return {}
    headers = {"Daybook-Token": str(outcome.token)}
    return headers | ({"Idempotency-Replayed": "true"} if outcome.answered else {})


def _plan(applied: Applied) -> dict[str, Any]:
    plan = applied.plan
    return {
        "applied": applied.outcome is not None,
        "events": len(plan.facts),
        "changes": changes_told(plan.changes, plan.after),
        "requested": [str(fact.subject_id) for fact in plan.requested],
        "requests": [_request(fact, plan.after) for fact in plan.requested],
        "needs_second_person": _dangers(applied),
        "stays_gone": list(plan.gone),
    }


def _request(fact: SubjectFact, after: Book) -> dict[str, Any]:
    event = fact.event
    of = terms_of(event) if isinstance(event, GrantRequested) else Terms()
    return {
        "subject_id": str(fact.subject_id),
        "user_name": after.subject(fact.subject_id).user_name,
        "role": of.role,
        "permission": of.permission,
    }


def _dangers(applied: Applied) -> list[str]:
    return [danger.what for danger in applied.plan.dangers]
