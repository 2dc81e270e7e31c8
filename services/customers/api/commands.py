"""Routes that register customers and change them."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.bodies import CustomerView, FieldsBody, customer_view
from services.customers.api.changes import CHANGES, Change
from services.customers.api.lateness import WARNED, warning
from services.customers.api.sight import UNSEEN, Sight, Sights
from services.customers.application.customer import CustomerCommands, Outcome
from services.customers.application.loading import LoadedCustomer
from services.customers.domain.customer.commands import SetCustomerFields
from services.customers.domain.customer.given import NewCustomer
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.errors import UndecidedError
from shared.eventstore.writing import Remember
from shared.projecting.backlog import BacklogWatch
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.idempotency import remembering
from shared.web.queries import path_id
from shared.web.routes import Handler, Routes
from shared.web.versions import etag, version_of_if_match

ONE_CUSTOMER = "/v1/customers/{customer_id}"
HEADERS = {
    "ETag": "The customer's version.",
    "Daybook-Token": "Hand it back with a read, and the read is never older than this change.",
    "Idempotency-Replayed": "true if this is the first answer again.",
    **WARNED,
}
CHANGED = Answer("The customer after the change.", CustomerView, HEADERS)


class CommandRoutes:
    """The handlers of the command routes."""

    def __init__(
        self, commands: CustomerCommands, secret: bytes, backlog: BacklogWatch, sights: Sights
    ) -> None:
        self._sights = sights
        self._commands = commands
        self._secret = secret
        self._backlog = backlog

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        register = Answer(
            "The customer is registered.",
            CustomerView,
            {"Location": "Where the customer is.", **HEADERS},
        )
        routes.add(
            "POST", "/v1/customers", "register_customer", Permission.CUSTOMERS_REGISTER,
            self.register, body=NewCustomer, parameters=[IDEMPOTENCY_KEY],
            answers={201: register},
        )  # fmt: skip
        routes.add(
            "POST", f"{ONE_CUSTOMER}/fields", "set_customer_fields", Permission.CUSTOMERS_CHANGE,
            self.set_fields, body=FieldsBody, parameters=[IF_MATCH, IDEMPOTENCY_KEY],
            answers={200: CHANGED}, about="customer_id",
        )  # fmt: skip
        for change in CHANGES:
            # What has no body is not repeated by a client, so it needs no key.
            keys = [IDEMPOTENCY_KEY] if change.method == "POST" else []
            routes.add(
                change.method, f"{ONE_CUSTOMER}{change.path}", change.name, change.permission,
                self._handler(change), body=change.body, parameters=[IF_MATCH, *keys],
                answers={200: CHANGED}, about="customer_id",
            )  # fmt: skip

    async def register(self, request: Request, caller: Caller) -> Response:
        """Register a person or an organisation, with whatever is known: one event, version 1.

        Without an owner it is nobody's, or yours, if you may register none but your own.
        """
        raw = await read_body(request)
        given = parse(NewCustomer, raw)
        outcome = await self._commands.register_customer(
            given.command(),
            actor=caller.subject,
            may=self._sights.permit(caller, Permission.CUSTOMERS_REGISTER),
            remember=self._remember(request, caller, raw, 201, "register_customer"),
        )
        location = f"/v1/customers/{outcome.customer.id}"
        return await self._answer(caller, outcome, 201, {"Location": location})

    async def set_fields(self, request: Request, caller: Caller) -> Response:
        """Give custom fields of a customer other values."""
        raw = await read_body(request)
        given = parse(FieldsBody, raw)
        outcome = await self._commands.change_customer(
            path_id(request, "customer_id"),
            version_of_if_match(request),
            SetCustomerFields(given.custom),
            actor=caller.subject,
            may=self._sights.permit(caller, Permission.CUSTOMERS_CHANGE),
            remember=self._remember(request, caller, raw, 200, "set_customer_fields"),
        )
        return await self._answer(caller, outcome, 200)

    def _handler(self, change: Change) -> Handler:
        async def handle(request: Request, caller: Caller) -> Response:
            raw = b"" if change.body is None else await read_body(request)
            given = None if change.body is None else parse(change.body, raw)
            remember = None
            if change.method == "POST":
                remember = self._remember(request, caller, raw, 200, change.name)
            outcome = await self._commands.change_customer(
                path_id(request, "customer_id"),
                version_of_if_match(request),
                change.command(request, given),
                actor=caller.subject,
                may=self._sights.permit(caller, change.permission),
                remember=remember,
            )
            return await self._answer(caller, outcome, 200)

        handle.__doc__ = change.description
        return handle

    def _remember(
        self, request: Request, caller: Caller, raw: bytes, status: int, route: str
    ) -> Remember | None:
        return remembering(request, caller, raw, self._secret, status=status, route=route)

    @staticmethod
    def _seen(sight: Sight, its: LoadedCustomer) -> FieldView:
        """Return what is seen of it: nothing either if that is not known; the change is made."""
        try:
            view = sight.view(Permission.CUSTOMERS_READ, sight.record_of(its, its.id))
        except UndecidedError:
            view = None
        return view or UNSEEN

    async def _answer(
        self, caller: Caller, outcome: Outcome, status: int,
        headers: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """Show the customer as its changer may see it now; after a hand-over perhaps not at all.

        The first answer again is shown by the customer as it is by now, too.
        """
        sight, its = await self._sights.of(caller), outcome.customer
        view = self._seen(sight, outcome.now or its)
        answer_headers = {
            "ETag": etag(outcome.customer.version),
            "Daybook-Token": str(outcome.token),
            **warning(self._backlog),
            **(headers or {}),
        }
        if outcome.is_replay:
            answer_headers["Idempotency-Replayed"] = "true"
        return JsonAnswer(customer_view(its, view), status, answer_headers)
