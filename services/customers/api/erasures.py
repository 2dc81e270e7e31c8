"""Routes of erasures: erase somebody, see how far it is and who has confirmed, confirm."""

from http import HTTPStatus
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.erasure_bodies import (
    EraseBody,
    ErasurePage,
    ErasureView,
    PublicKeyView,
    ReceiptBody,
    erasure_view,
    open_view,
)
from services.customers.api.sight import Sights
from services.customers.application.customer_records import TYPE
from services.customers.application.erasing import CustomerErasures
from services.customers.application.erasure_report import ErasureReport, ErasureReports
from services.customers.application.holding import CopyHolders
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import NotPermittedError, RuleBrokenError
from shared.security.signing import StatementSigner
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, PAGE_SIZE, PAGE_TOKEN
from shared.web.headers import idempotency_key
from shared.web.pages import PageTokens, page_size
from shared.web.queries import path_id
from shared.web.routes import Routes

ONE = "/v1/customers/{customer_id}/erasure"
QUERY = "open erasures"
UNDER_WAY = Answer("It is under way: who has confirmed and who has not.", ErasureView)
AS_IT_IS = Answer("The erasure; once it is complete, with its certificate.", ErasureView)


class ErasureRoutes:
    """The handlers of the erasure routes."""

    def __init__(
        self,
        erasures: CustomerErasures,
        reports: ErasureReports,
        copies: CopyHolders,
        signer: StatementSigner,
        sights: Sights,
        clock: Clock,
        pages: PageTokens,
    ) -> None:
        self._erasures = erasures
        self._reports = reports
        self._copies = copies
        self._signer = signer
        self._sights = sights
        self._clock = clock
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "POST", ONE, "erase_customer", Permission.CUSTOMERS_ERASE, self.erase, body=EraseBody,
            parameters=[IDEMPOTENCY_KEY], answers={202: UNDER_WAY, 200: AS_IT_IS},
            about="customer_id",
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_erasure", Permission.ERASURES_READ, self.one,
            answers={200: AS_IT_IS}, about="customer_id", everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", f"{ONE}/receipts", "confirm_erasure", Permission.ERASURES_CONFIRM,
            self.confirm, body=ReceiptBody, parameters=[IDEMPOTENCY_KEY],
            answers={200: AS_IT_IS}, about="customer_id",
        )  # fmt: skip
        routes.add(
            "GET", "/v1/erasures", "list_open_erasures", Permission.ERASURES_READ, self.page,
            parameters=[PAGE_SIZE, PAGE_TOKEN],
            answers={200: Answer("A page of open erasures.", ErasurePage)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", "/v1/erasures/certificate-key", "get_certificate_key", Permission.ERASURES_READ,
            self.certificate_key, answers={200: Answer("The public key.", PublicKeyView)},
        )  # fmt: skip

    async def erase(self, request: Request, caller: Caller) -> Response:
        """Erase a person for good: every later change is refused, the key is destroyed.

        Asking again changes nothing, with or without an Idempotency-Key. The holders of copies are
        asked until each has confirmed.
        """
        idempotency_key(request)
        body = parse(EraseBody, await read_body(request))
        customer_id = path_id(request, "customer_id")
        await self._erasures.erase_customer(
            customer_id,
            actor=caller.subject,
            reason=body.reason,
            may=self._sights.permit(caller, Permission.CUSTOMERS_ERASE),
        )
        report = await self._reports.of(customer_id)
        status = HTTPStatus.OK if report.state == "complete" else HTTPStatus.ACCEPTED
        return self._shown(report, status)

    async def one(self, request: Request, _caller: Caller) -> Response:
        """Read how far an erasure is, who has confirmed it, and its certificate."""
        return self._shown(await self._reports.of(path_id(request, "customer_id")))

    async def confirm(self, request: Request, caller: Caller) -> Response:
        """Confirm that a holder outside has nothing left of an erased person.

        A consumer's account confirms for the consumer; data protection for any holder outside
        that cannot do so itself.
        """
        idempotency_key(request)
        body = parse(ReceiptBody, await read_body(request))
        customer_id = path_id(request, "customer_id")
        holder = body.holder or self._copies.name_of(caller.subject)
        self._refuse_for_others(caller, holder, customer_id)
        names = await self._copies.names((await self._erasures.load(customer_id)).erasure.kid)
        if holder not in names or holder in {ours.name for ours in self._copies.ours}:
            raise RuleBrokenError(
                "this holder was never given the key of this person: there is nothing to confirm",
                code="not-a-holder",
                field="holder",
                fix="see `outstanding` of the erasure for who has to confirm",
                who_can_help="data protection",
            )
        await self._erasures.confirm(customer_id, names, holder)
        return self._shown(await self._reports.of(customer_id))

    async def page(self, request: Request, _caller: Caller) -> Response:
        """List the erasures that not every holder of copies has confirmed, by customer id."""
        size = page_size(request)
        place = self._pages.of_request(request, QUERY)
        found = await self._reports.open_ones(str(place[0]) if place else "", size + 1)
        next_token = None
        if len(found) > size:
            found = found[:size]
            next_token = self._pages.seal([str(found[-1].customer_id)], QUERY)
        now = self._clock.now()
        items = [open_view(one, now) for one in found]
        return JsonAnswer({"items": items, "next_page_token": next_token})

    async def certificate_key(self, _request: Request, _caller: Caller) -> Response:
        """Get the public key with which anybody checks a certificate's signature."""
        return JsonAnswer(self._signer.public_key)

    def _shown(self, report: ErasureReport, status: int = HTTPStatus.OK) -> Response:
        return JsonAnswer(erasure_view(report, self._signer), status)

    def _refuse_for_others(self, caller: Caller, holder: str, customer_id: UUID) -> None:
        if holder == self._copies.name_of(caller.subject):
            return
        # Whose it was is not known any more: only who may erase each and every customer.
        may, rights = Permission.CUSTOMERS_ERASE, self._sights.rights(caller)
        if rights.surely_may(may, rights.record(TYPE, str(customer_id))):
            return
        raise NotPermittedError(
            f"This account does not confirm for {holder}.",
            fix="Leave `holder` out: an account confirms for its own consumer.",
            who_can_help="Data protection, who may confirm for a holder that cannot do so itself.",
        )
