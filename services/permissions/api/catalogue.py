"""Routes of what rights are made of: permissions, data classes, rules that keep things apart."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes import CHANGED, Changes, Sent
from services.permissions.api.paging import PAGING, Pages, query_of
from services.permissions.api.policy_bodies import (
    DataClassBody,
    DataClassPage,
    PermissionPage,
    SodRuleBody,
    SodRulePage,
    data_class_view,
    permission_view,
    sod_rule_view,
)
from services.permissions.domain.book import POLICY_STREAM, OnPolicy
from services.permissions.domain.policy.commands import (
    DefineSodRule,
    RemoveDataClass,
    RetireSodRule,
    SetDataClass,
)
from services.permissions.domain.policy.state import Policy
from shared.authorization.permissions import Permission
from shared.web.answers import Answer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH, Parameter
from shared.web.queries import text, yes_or_no
from shared.web.routes import Routes

PERMISSIONS: Final = "/v1/permissions"
CLASSES: Final = "/v1/data-classes"
CLASS: Final = "/v1/data-classes/{resource_type}/{field}"
RULES: Final = "/v1/sod-rules"
RULE: Final = "/v1/sod-rules/{rule}"
RETIRED: Final = Parameter("retired", "query", "true: the retired ones, too.", bool)
TYPE: Final = Parameter("resource_type", "query", "Only of this type, for example customer.")
PLACE: Final = (
    Parameter("resource_type", "path", "Of what, for example customer."),
    Parameter("field", "path", "Which field of it; * is the record as a whole."),
)
NAMED: Final = Parameter("rule", "path", "What programs call the rule.")
VERSION: Final = {"ETag": "The policy's version."}
CHANGING: Final = (IF_MATCH, IDEMPOTENCY_KEY)


class CatalogueRoutes:
    """The handlers of these routes."""

    def __init__(self, changes: Changes, pages: Pages) -> None:
        self._changes = changes
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads, writes = Permission.POLICY_READ, Permission.POLICY_CHANGE
        for path, name, handler, page, filters in (
            (PERMISSIONS, "list_permissions", self.permissions, PermissionPage, (RETIRED,)),
            (CLASSES, "list_data_classes", self.classes, DataClassPage, (TYPE,)),
            (RULES, "list_sod_rules", self.rules, SodRulePage, ()),
        ):
            routes.add(
                "GET", path, name, reads, handler, parameters=[*filters, *PAGING],
                answers={200: Answer("A page of them.", page, VERSION)}, everywhere=True,
            )  # fmt: skip
        for method, path, name, change, body, named in (
            ("PUT", CLASS, "set_data_class", self.set_class, DataClassBody, PLACE),
            ("DELETE", CLASS, "remove_data_class", self.remove_class, None, PLACE),
            ("PUT", RULE, "define_sod_rule", self.define_rule, SodRuleBody, (NAMED,)),
            ("DELETE", RULE, "retire_sod_rule", self.retire_rule, None, (NAMED,)),
        ):
            routes.add(
                method, path, name, writes, change, body=body, parameters=[*named, *CHANGING],
                answers={200: CHANGED}, everywhere=True,
            )  # fmt: skip

    async def permissions(self, request: Request, _caller: Caller) -> Response:
        """List permissions by name."""
        policy, version = await self._policy()
        has_retired = yes_or_no(request, "retired")
        return self._pages.named(
            request,
            query_of(request, PERMISSIONS, ("retired",)),
            policy.permissions,
            version=version,
            wanted=lambda _name, its: has_retired or not its.is_retired,
            shown=permission_view,
        )

    async def classes(self, request: Request, _caller: Caller) -> Response:
        """List how secret which field is, by resource type and field."""
        policy, version = await self._policy()
        kind = text(request, "resource_type", at_most=100)
        return self._pages.named(
            request,
            query_of(request, CLASSES, ("resource_type",)),
            policy.data_classes,
            version=version,
            wanted=lambda place, _its: kind is None or place[0] == kind,
            shown=data_class_view,
        )

    async def rules(self, request: Request, _caller: Caller) -> Response:
        """List what is kept apart, by name; a retired rule is gone."""
        policy, version = await self._policy()
        return self._pages.named(
            request, RULES, policy.sod_rules, version=version, shown=sod_rule_view
        )

    async def set_class(self, request: Request, caller: Caller) -> Response:
        """Say how secret a field is, and what is shown instead of it."""
        raw = await read_body(request)
        body = parse(DataClassBody, raw)
        wanted = OnPolicy(SetDataClass(*_place(request), body.data_class, body.otherwise))
        return await self._changes.on_policy(
            Sent(request, caller, raw), "set_data_class", lambda _: [wanted], body.reason
        )

    async def remove_class(self, request: Request, caller: Caller) -> Response:
        """Let a field be unclassified: that counts as restricted."""
        wanted = OnPolicy(RemoveDataClass(*_place(request)))
        return await self._changes.on_policy(
            Sent(request, caller), "remove_data_class", lambda _: [wanted]
        )

    async def define_rule(self, request: Request, caller: Caller) -> Response:
        """Keep two things apart; refused where somebody holds both already."""
        raw = await read_body(request)
        body = parse(SodRuleBody, raw)
        name = request.path_params["rule"]
        wanted = OnPolicy(DefineSodRule(name, body.kind, tuple(body.first), tuple(body.second)))
        return await self._changes.on_policy(
            Sent(request, caller, raw), "define_sod_rule", lambda _: [wanted], body.reason
        )

    async def retire_rule(self, request: Request, caller: Caller) -> Response:
        """Keep them apart no longer."""
        wanted = OnPolicy(RetireSodRule(request.path_params["rule"]))
        return await self._changes.on_policy(
            Sent(request, caller), "retire_sod_rule", lambda _: [wanted]
        )

    async def _policy(self) -> tuple[Policy, int]:
        book = self._changes.book
        await book.catch_up()
        return book.book.policy, book.version_of(POLICY_STREAM)


def _place(request: Request) -> tuple[str, str]:
    return request.path_params["resource_type"], request.path_params["field"]
