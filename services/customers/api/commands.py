"""Routes that change customers: register, rename, add and remove e-mail addresses."""

from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.bodies import (
    CustomerView,
    EmailBody,
    RegisterBody,
    RenameBody,
    customer_view,
)
from services.customers.api.lateness import WARNED, warning
from services.customers.application.customer import CustomerCommands, Outcome
from shared.authorization.permissions import Permission
from shared.eventstore.writing import Remember
from shared.projecting.backlog import BacklogWatch
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.idempotency import remembering
from shared.web.queries import path_id
from shared.web.routes import Routes
from shared.web.versions import etag, version_of_if_match

HEADERS = {
    "ETag": "The customer's version.",
    "Daybook-Token": "Hand it back with a read, and the read is never older than this change.",
    "Idempotency-Replayed": "true if this is the first answer again.",
    **WARNED,
}
CHANGED = Answer("The customer after the change.", CustomerView, HEADERS)


class CommandRoutes:
    """The handlers of the command routes."""

    def __init__(self, commands: CustomerCommands, secret: bytes, backlog: BacklogWatch) -> None:
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
            self.register, body=RegisterBody, parameters=[IDEMPOTENCY_KEY],
            answers={201: register},
        )  # fmt: skip
        routes.add(
            "POST", "/v1/customers/{customer_id}/rename", "rename_customer",
            Permission.CUSTOMERS_CHANGE, self.rename, body=RenameBody,
            parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED}, about="customer_id",
        )  # fmt: skip
        routes.add(
            "POST", "/v1/customers/{customer_id}/emails", "add_customer_email",
            Permission.CUSTOMERS_CHANGE, self.add_email, body=EmailBody,
            parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED}, about="customer_id",
        )  # fmt: skip
        routes.add(
            "DELETE", "/v1/customers/{customer_id}/emails/{email_id}", "remove_customer_email",
            Permission.CUSTOMERS_CHANGE, self.remove_email, parameters=[IF_MATCH],
            answers={200: CHANGED}, about="customer_id",
        )  # fmt: skip

    async def register(self, request: Request, caller: Caller) -> Response:
        """Register a person or an organisation."""
        raw = await read_body(request)
        body = parse(RegisterBody, raw)
        outcome = await self._commands.register_customer(
            body.kind,
            body.name,
            body.emails,
            actor=caller.subject,
            remember=self._remember(request, caller, raw, 201, "register_customer"),
        )
        location = f"/v1/customers/{outcome.customer.id}"
        return self._answer(outcome, 201, {"Location": location})

    async def rename(self, request: Request, caller: Caller) -> Response:
        """Give a customer another name."""
        raw = await read_body(request)
        body = parse(RenameBody, raw)
        outcome = await self._commands.rename_customer(
            path_id(request, "customer_id"),
            version_of_if_match(request),
            body.name,
            actor=caller.subject,
            remember=self._remember(request, caller, raw, 200, "rename_customer"),
        )
        return self._answer(outcome, 200)

    async def add_email(self, request: Request, caller: Caller) -> Response:
        """Add an e-mail address to a customer."""
        raw = await read_body(request)
        body = parse(EmailBody, raw)
        outcome = await self._commands.add_customer_email(
            path_id(request, "customer_id"),
            version_of_if_match(request),
            body.address,
            actor=caller.subject,
            remember=self._remember(request, caller, raw, 200, "add_customer_email"),
        )
        return self._answer(outcome, 200)

    async def remove_email(self, request: Request, caller: Caller) -> Response:
        """Take an e-mail address away from a customer."""
        outcome = await self._commands.remove_customer_email(
            path_id(request, "customer_id"),
            version_of_if_match(request),
            path_id(request, "email_id"),
            actor=caller.subject,
        )
        return self._answer(outcome, 200)

    def _remember(
        self, request: Request, caller: Caller, raw: bytes, status: int, route: str
    ) -> Remember | None:
        return remembering(request, caller, raw, self._secret, status=status, route=route)

    def _answer(
        self, outcome: Outcome, status: int, headers: dict[str, str] | None = None
    ) -> Response:
        answer_headers = {
            "ETag": etag(outcome.customer.version),
            "Daybook-Token": str(outcome.token),
            **warning(self._backlog),
            **(headers or {}),
        }
        if outcome.is_replay:
            answer_headers["Idempotency-Replayed"] = "true"
        return JsonAnswer(customer_view(outcome.customer), status, answer_headers)
