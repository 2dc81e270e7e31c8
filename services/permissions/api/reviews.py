"""Routes of access reviews: which there are, what is to be decided, what came of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.changes import HEADERS, Changes, Sent
from services.permissions.api.paging import PAGING, Pages
from services.permissions.api.review_views import (
    MOST_AT_ONCE,
    DryRunView,
    ItemPage,
    ReviewPage,
    ReviewView,
    Seen,
    StartBody,
    StartedView,
    dry_run,
    item_view,
    review_view,
)
from services.permissions.application.comparing import Comparing
from services.permissions.application.review_reports import ReviewReports
from services.permissions.domain.book import Book, OnReview
from services.permissions.domain.review.reviewers import Reviewers
from services.permissions.domain.review.rules import no_such_review, open_items
from services.permissions.domain.review.state import Item, Review
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import NotPermittedError
from shared.security.signing import StatementSigner
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller, Guard
from shared.web.documents import IDEMPOTENCY_KEY, Parameter
from shared.web.queries import path_id, yes_or_no
from shared.web.recording import Access
from shared.web.routes import Routes
from shared.web.versions import etag

LIST: Final = "/v1/reviews"
ONE: Final = "/v1/reviews/{review_id}"
OPEN: Final = Parameter("open", "query", "true: only what nobody decided yet.", bool)
SIGNATURE: Final = "Daybook-Signature"


class ReviewRoutes:
    """The handlers of the routes that read reviews, and start one."""

    def __init__(
        self,
        changes: Changes,
        pages: Pages,
        reports: ReviewReports,
        signer: StatementSigner,
        comparing: Comparing,
        clock: Clock,
        guard: Guard,
    ) -> None:
        self._changes = changes
        self._pages = pages
        self._reports = reports
        self._signer = signer
        self._comparing = comparing
        self._clock = clock
        self._guard = guard

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads, starts = Permission.REVIEWS_READ, Permission.REVIEWS_START
        routes.add(
            "GET", LIST, "list_reviews", reads, self.every, parameters=PAGING,
            answers={200: Answer("A page of reviews.", ReviewPage)},
        )  # fmt: skip
        routes.add(
            "POST", LIST, "start_review", starts, self.start, body=StartBody,
            parameters=[IDEMPOTENCY_KEY],
            answers={201: Answer("It is open.", StartedView,
                                 {"Location": "Where it is.", **HEADERS})},
            everywhere=True,
        )  # fmt: skip
        # Before the routes of one review, or `key` would be an id.
        routes.add(
            "GET", f"{LIST}/key", "get_review_key", reads, self.key,
            answers={200: Answer("The public key (JWK) that checks reports.")},
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_review", reads, self.one,
            answers={200: Answer("The review.", ReviewView, {"ETag": HEADERS["ETag"]})},
        )  # fmt: skip
        routes.add(
            "GET", f"{ONE}/items", "list_review_items", reads, self.items,
            parameters=[OPEN, *PAGING], access=Access(target="review_id"),
            answers={200: Answer("A small page of items.", ItemPage)},
        )  # fmt: skip
        routes.add(
            "GET", f"{ONE}/dry-run", "dry_run_review", starts, self.dry_run,
            answers={200: Answer("What silence would do now.", DryRunView)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", f"{ONE}/report", "get_review_report", reads, self.report,
            access=Access(target="review_id"),
            answers={200: Answer("The report.", headers={SIGNATURE: "A detached JWS over it."})},
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """List reviews, the latest first: all, or those in which you are to decide."""
        book, at = await self._now()
        who = _who(caller)
        sees_all = self._sees_all(caller)
        seen = {
            review_id: review
            for review_id, review in book.reviews.items()
            if sees_all or any(item.reviewer == who for item in review.items.values())
        }
        after = self._pages.after(request, LIST)
        ordered = sorted(((_latest(review), str(one)), one) for one, review in seen.items())
        rest = [keyed for keyed in ordered if not after or keyed[0] > after]
        return self._pages.page(
            request, LIST, rest,
            shown=lambda one: review_view(book, one, who, at, self._version(one)),
        )  # fmt: skip

    async def start(self, request: Request, caller: Caller) -> Response:
        """Start a review: what is looked at is frozen now, each with who is to decide on it.

        That is the manager of whoever has the grant, else who approved it, else an administrator;
        never somebody who gains by it, and only who may decide in reviews.
        """
        raw = await read_body(request)
        review_id, uses = uuid7(), (await self._comparing.now()).uses
        command = replace(parse(StartBody, raw).command(), uses=uses)
        done = await self._changes.run(
            Sent(request, caller, raw), "start_review",
            lambda _: [OnReview(review_id, command)],
            stream=f"review-{review_id}", made=review_id,
        )  # fmt: skip
        answer = done.answer(201, id=done.made)
        answer.headers["Location"] = f"{LIST}/{done.made}"
        return answer

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read how far a review is."""
        review_id = path_id(request, "review_id")
        book, at = await self._now()
        self._seen(book, review_id, caller)
        version = self._version(review_id)
        told = review_view(book, review_id, _who(caller), at, version)
        return JsonAnswer(told, 200, {"ETag": etag(version), "Cache-Control": "no-store"})

    async def items(self, request: Request, caller: Caller) -> Response:
        """Read items, at most 20 to a page: all, or those that you are to decide on.

        Hints say how many of the same department have the same, and when any permission of the
        grant was last used: by this grant, or by another that gives it too.
        """
        review_id = path_id(request, "review_id")
        book, at = await self._now()
        review = self._seen(book, review_id, caller)
        only_open = yes_or_no(request, "open")
        query = f"{LIST}/{review_id}/items {only_open}"
        after = self._pages.after(request, query)
        first = int(after[0]) + 1 if after else 1
        who = None if self._sees_all(caller) else _who(caller)
        wanted = [
            ((str(item.frozen.number),), item)
            for item in _of(open_items(book, review, at) if only_open else review, who)
            if item.frozen.number >= first
        ]
        compared = await self._comparing.now()
        reasons = await self._reports.reasons(review_id)
        seen = Seen(book, compared.peers, compared.uses, reasons, at, Reviewers(book, at))
        return self._pages.page(
            request, query, wanted, most=MOST_AT_ONCE,
            shown=lambda item: item_view(seen, review, item),
        )  # fmt: skip

    async def dry_run(self, request: Request, _caller: Caller) -> Response:
        """Count what silence would do now; nothing happens."""
        book, at = await self._now()
        review = book.review(path_id(request, "review_id"))
        if review.started is None:
            raise no_such_review()
        return JsonAnswer(dry_run(book, review, at))

    async def report(self, request: Request, caller: Caller) -> Response:
        """Get what came of a review, item by item, signed.

        The signature in Daybook-Signature is a detached JWS (RFC 7515, appendix F) over the bytes
        of the body; GET /v1/reviews/key has the public key.
        """
        review_id = path_id(request, "review_id")
        book, _ = await self._now()
        review = self._seen(book, review_id, caller)
        if not self._sees_all(caller):
            raise NotPermittedError(
                "the report names everybody whose grants were looked at",
                fix="ask for it with POST /v1/requests, or let somebody get it who may",
                who_can_help="whoever has the permission review:read for everybody",
            )
        report = await self._reports.of(review_id, review)
        head, _, signature = self._signer.sign(report).split(".")
        body = orjson.dumps(report, option=orjson.OPT_SORT_KEYS)
        headers = {SIGNATURE: f"{head}..{signature}", "Cache-Control": "no-store"}
        return JsonAnswer(body, 200, headers)

    async def key(self, _request: Request, _caller: Caller) -> Response:
        """Get the public key with which anybody checks a report's signature."""
        return JsonAnswer(self._signer.public_key)

    async def _now(self) -> tuple[Book, datetime]:
        await self._changes.book.catch_up()
        return self._changes.book.book.copy(), self._clock.now()

    def _sees_all(self, caller: Caller) -> bool:
        """Say whether the caller may see what is nobody's own: everybody's items."""
        rights = self._guard.rights(caller)
        return rights.may(Permission.REVIEWS_READ, rights.record("review", ""))

    def _version(self, review_id: UUID) -> int:
        return self._changes.book.version_of(f"review-{review_id}")

    def _seen(self, book: Book, review_id: UUID, caller: Caller) -> Review:
        """Return a review that the caller may see; one that is not theirs is not there."""
        review, who = book.review(review_id), _who(caller)
        is_mine = any(item.reviewer == who for item in review.items.values())
        if review.started is None or not (is_mine or self._sees_all(caller)):
            raise no_such_review()
        return review


def _of(items: Review | list[Item], who: UUID | None) -> Iterator[Item]:
    every = items if isinstance(items, list) else items.items.values()
    return (item for item in every if who is None or item.reviewer == who)


def _who(caller: Caller) -> UUID | None:
    try:
        return UUID(caller.subject)
    except ValueError:
        return None


def _latest(review: Review) -> str:
    """Return a key by which what began last comes first."""
    began = 0.0 if review.started is None else review.started.begins.timestamp()
    return f"{2**53 - int(began * 1_000_000):020d}"
