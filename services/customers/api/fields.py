"""Routes of the custom fields: which there are, and what an administrator does with them."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.customers.application.fields import FieldCommands, FieldOutcome, load_fields
from services.customers.domain.field import rules
from services.customers.domain.field.commands import (
    ChangeField,
    DeclareField,
    FieldCommand,
    ReinstateField,
    RetireField,
)
from services.customers.domain.field.events import FieldLabel, FieldType, Sensitivity
from shared.authorization.permissions import Permission
from shared.authorization.scopes import Clearance
from shared.errors import NotPermittedError
from shared.eventstore.store import EventStore
from shared.given import Given, Line
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller, Guard
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH, Parameter
from shared.web.idempotency import remembering
from shared.web.routes import Routes
from shared.web.versions import etag, version_of_if_match

LONGEST_LABEL = 100
LONGEST_CHOICE = 100
NAME = Parameter("name", "path", "The field's name, for example shoe_size.")
HEADERS = {
    "ETag": "The version of the field's last change.",
    "Daybook-Token": "The place of the change in the log; absent if nothing changed.",
    "Idempotency-Replayed": "true if this is the first answer again.",
}

Text = Annotated[Line, Field(min_length=1, max_length=LONGEST_LABEL)]
Choices = Annotated[
    list[Annotated[Line, Field(min_length=1, max_length=LONGEST_CHOICE)]],
    Field(max_length=rules.MAX_CHOICES),
]


class LabelBody(Given):
    """What people read beside the field."""

    en: Text
    zh: Text

    def told(self) -> FieldLabel:
        """Return the label as events have it."""
        return FieldLabel(en=self.en, zh=self.zh)


class DeclareFieldBody(Given):
    """Declare a field; its name and type never change."""

    # Described as the rules have it; they refuse in better words than a pattern could.
    name: str = Field(
        max_length=rules.LONGEST_NAME, json_schema_extra={"pattern": f"^{rules.NAME.pattern}$"}
    )
    label: LabelBody
    type: FieldType
    required: bool = False
    choices: Choices = Field(default_factory=list, description="With choice and choices: 1 to 100.")
    sensitivity: Sensitivity = "internal"


class ChangeFieldBody(Given):
    """Change a declaration; what is left out stays. A stored value is never touched."""

    label: LabelBody | None = None
    required: bool | None = None
    choices: Choices | None = None
    sensitivity: Sensitivity | None = None


class FieldView(BaseModel):
    """A custom field. One that is retired takes no new values; customers keep those they have."""

    name: str
    label: dict[str, str]
    type: FieldType
    required: bool
    choices: list[str]
    sensitivity: Sensitivity
    retired: bool
    version: int


class FieldList(BaseModel):
    """Every field that was ever declared, in that order."""

    items: list[FieldView]


CHANGED = Answer("The field after the change.", FieldView, HEADERS)


class FieldRoutes:
    """The handlers of the fields' routes."""

    def __init__(
        self, store: EventStore, commands: FieldCommands, guard: Guard, secret: bytes
    ) -> None:
        self._store = store
        self._guard = guard
        self._commands = commands
        self._secret = secret

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may, declares = Permission.FIELDS_READ, Permission.FIELDS_DECLARE
        routes.add(
            "GET", "/v1/fields", "list_fields", may, self.every,
            answers={200: Answer("The fields.", FieldList)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", "/v1/fields", "declare_field", declares, self.declare, body=DeclareFieldBody,
            parameters=[IDEMPOTENCY_KEY],
            answers={201: Answer("Declared.", FieldView, {"Location": "Where it is.", **HEADERS})},
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", "/v1/fields/{name}", "get_field", may, self.one, parameters=[NAME],
            answers={200: Answer("The field.", FieldView, {"ETag": HEADERS["ETag"]})},
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", "/v1/fields/{name}/change", "change_field", declares, self.change,
            body=ChangeFieldBody, parameters=[NAME, IF_MATCH, IDEMPOTENCY_KEY],
            answers={200: CHANGED}, everywhere=True,
        )  # fmt: skip
        for verb, handler in (("retire", self.retire), ("reinstate", self.reinstate)):
            routes.add(
                "POST", f"/v1/fields/{{name}}/{verb}", f"{verb}_field", declares, handler,
                parameters=[NAME, IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED},
                everywhere=True,
            )  # fmt: skip

    async def every(self, _request: Request, _caller: Caller) -> Response:
        """List the custom fields, the retired ones too."""
        loaded = await load_fields(self._store)
        items = [_view(field, loaded.versions[name]) for name, field in loaded.fields.items()]
        return JsonAnswer({"items": items})

    async def one(self, request: Request, _caller: Caller) -> Response:
        """Read one custom field."""
        loaded = await load_fields(self._store)
        field, version = loaded.versioned(request.path_params["name"])
        return JsonAnswer(_view(field, version), 200, {"ETag": etag(version)})

    async def declare(self, request: Request, caller: Caller) -> Response:
        """Declare a field, so that customers can have values of it."""
        raw = await read_body(request)
        body = parse(DeclareFieldBody, raw)
        command = DeclareField(
            body.name, body.label.told(), body.type, body.required, tuple(body.choices),
            body.sensitivity,
        )  # fmt: skip
        location = f"/v1/fields/{body.name}"
        return await self._run(request, caller, raw, command, {"Location": location})

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change a field's label, choices, sensitivity, or whether it is required."""
        raw = await read_body(request)
        body = parse(ChangeFieldBody, raw)
        command = ChangeField(
            request.path_params["name"],
            None if body.label is None else body.label.told(),
            body.required,
            None if body.choices is None else tuple(body.choices),
            body.sensitivity,
        )
        await self._refuse_to_reveal(caller, command)
        return await self._run(request, caller, raw, command)

    async def _refuse_to_reveal(self, caller: Caller, command: ChangeField) -> None:
        """Refuse to class a field lower, to whoever may not see its values as they are classed."""
        if command.sensitivity is None:
            return
        loaded = await load_fields(self._store)
        former = loaded.versioned(command.name)[0].sensitivity
        rank = Clearance(former).rank
        if Clearance(command.sensitivity).rank >= rank:
            return
        rights = self._guard.rights(caller)
        if rights.view_of_lists(Permission.CUSTOMERS_READ).clearance < rank:
            raise NotPermittedError(
                f"you may not see values that are {former}, and this would show them",
                code="field-too-secret",
                field="sensitivity",
                fix=f"let somebody class it lower who may see {former} values of all customers",
                who_can_help="whoever has a role with that clearance, and field:declare",
            )

    async def retire(self, request: Request, caller: Caller) -> Response:
        """Retire a field: no new values; those that customers have stay, and can be cleared."""
        return await self._run(request, caller, b"", RetireField(request.path_params["name"]))

    async def reinstate(self, request: Request, caller: Caller) -> Response:
        """Let a retired field take values again."""
        return await self._run(request, caller, b"", ReinstateField(request.path_params["name"]))

    async def _run(
        self,
        request: Request,
        caller: Caller,
        raw: bytes,
        command: FieldCommand,
        headers: dict[str, str] | None = None,
    ) -> Response:
        is_new = isinstance(command, DeclareField)
        status = 201 if is_new else 200
        outcome = await self._commands.run(
            command,
            actor=caller.subject,
            expected_version=None if is_new else version_of_if_match(request),
            remember=remembering(
                request, caller, raw, self._secret, status=status, route=type(command).__name__
            ),
        )
        return JsonAnswer(
            _view(outcome.field, outcome.version), status, {**_told(outcome), **(headers or {})}
        )


def _told(outcome: FieldOutcome) -> dict[str, str]:
    headers = {"ETag": etag(outcome.version)}
    if outcome.token is not None:
        headers["Daybook-Token"] = str(outcome.token)
    if outcome.is_replay:
        headers["Idempotency-Replayed"] = "true"
    return headers


def _view(field: rules.Field, version: int) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": {"en": field.label.en, "zh": field.label.zh},
        "type": field.type,
        "required": field.is_required,
        "choices": list(field.choices),
        "sensitivity": field.sensitivity,
        "retired": field.is_retired,
        "version": version,
    }
