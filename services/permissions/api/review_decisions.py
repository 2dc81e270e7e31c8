"""Routes by which reviewers decide, and by which a review is ended."""

from asyncio import Event as Signal
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes import CHANGED, Changes, Sent
from services.permissions.api.review_views import DecisionsBody, DelegationBody, SilenceBody
from services.permissions.api.reviews import ONE
from services.permissions.domain.book import OnReview
from services.permissions.domain.review.commands import (
    DecideItem,
    DelegateItem,
    ReviewCommand,
    SettleSilence,
    SignOffReview,
)
from shared.authorization.permissions import Permission
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.queries import path_id
from shared.web.routes import Routes
from shared.web.versions import version_of_if_match

TWO_AT_ONCE: Final = [IDEMPOTENCY_KEY]
"""Each item has one reviewer, so that nobody overwrites another's decision: no If-Match."""


class ReviewDecisionRoutes:
    """The handlers of the routes."""

    def __init__(self, changes: Changes, work_is_there: Signal) -> None:
        """Change what is decided; a sign-off sets `work_is_there`."""
        self._changes = changes
        self._work_is_there = work_is_there

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        decides, starts = Permission.REVIEWS_DECIDE, Permission.REVIEWS_START
        done = {200: CHANGED}
        routes.add(
            "POST", f"{ONE}/decisions", "decide_review_items", decides, self.decide,
            body=DecisionsBody, parameters=TWO_AT_ONCE, answers=done,
        )  # fmt: skip
        routes.add(
            "POST", f"{ONE}/delegations", "delegate_review_items", decides, self.delegate,
            body=DelegationBody, parameters=TWO_AT_ONCE, answers=done,
        )  # fmt: skip
        routes.add(
            "POST", f"{ONE}/silence", "settle_review_silence", starts, self.settle,
            body=SilenceBody, parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers=done,
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", f"{ONE}/sign-off", "sign_off_review", starts, self.sign_off,
            parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers=done, everywhere=True,
        )  # fmt: skip

    async def decide(self, request: Request, caller: Caller) -> Response:
        """Decide on items that are yours: keep, reduce or revoke, each with a reason.

        Nothing changes before the review is signed off; until then you may decide otherwise.
        """
        raw = await read_body(request)
        commands = [
            DecideItem(one.number, one.decision, one.reason, one.scope, one.clearance, one.until)
            for one in parse(DecisionsBody, raw).items
        ]
        return await self._run(Sent(request, caller, raw), "decide_review_items", commands)

    async def delegate(self, request: Request, caller: Caller) -> Response:
        """Let somebody else decide on items: yours, or any, if you start reviews.

        Nobody gets to decide on the own grants by it.
        """
        raw = await read_body(request)
        body = parse(DelegationBody, raw)
        commands = [DelegateItem(number, body.to, body.reason) for number in body.items]
        return await self._run(Sent(request, caller, raw), "delegate_review_items", commands)

    async def settle(self, request: Request, caller: Caller) -> Response:
        """Let silence count in a review that stopped at its cap: for as many as you were shown."""
        raw = await read_body(request)
        body = parse(SilenceBody, raw)
        commands = [SettleSilence(body.decision, body.silent)]
        return await self._run(
            Sent(request, caller, raw), "settle_review_silence", commands, is_read_first=True
        )

    async def sign_off(self, request: Request, caller: Caller) -> Response:
        """Answer for the result as you read it: it is carried out at once, and stands."""
        sent = Sent(request, caller)
        answer = await self._run(sent, "sign_off_review", [SignOffReview()], is_read_first=True)
        self._work_is_there.set()
        return answer

    async def _run(
        self,
        sent: Sent,
        operation: str,
        commands: Sequence[ReviewCommand],
        *,
        is_read_first: bool = False,
    ) -> Response:
        review_id = path_id(sent.request, "review_id")
        stream = f"review-{review_id}"
        expected = {stream: version_of_if_match(sent.request)} if is_read_first else None
        done = await self._changes.run(
            sent, operation, lambda _: [OnReview(review_id, command) for command in commands],
            stream=stream, expected=expected,
        )  # fmt: skip
        return done.answer()
