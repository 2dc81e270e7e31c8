"""Routes of roles: which there are and how far they reach, defined, changed, retired."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.changes import CHANGED, Changes, Sent
from services.permissions.api.paging import PAGING, Pages, query_of
from services.permissions.api.policy_bodies import (
    AllowancesBody,
    RoleBody,
    RolePage,
    RoleView,
    role_view,
)
from services.permissions.domain.book import POLICY_STREAM, Book, OnPolicy
from services.permissions.domain.policy.commands import (
    AddRoleParent,
    DefineRole,
    RemoveRoleParent,
    RetireRole,
    SetRolePermission,
)
from services.permissions.domain.policy.known import known_role
from services.permissions.domain.policy_file.policy_part import title_of
from shared.authorization.permissions import Permission
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH, Parameter
from shared.web.queries import text, yes_or_no
from shared.web.routes import Routes
from shared.web.versions import etag

LIST: Final = "/v1/roles"
ONE: Final = "/v1/roles/{role}"
ROLE: Final = Parameter("role", "path", "The role's name.")
PERMISSION: Final = Parameter("permission", "path", "The permission, for example customer:read.")
PARENT: Final = Parameter("parent", "path", "The role whose permissions it has too.")
VERSION: Final = {"ETag": "The policy's version."}
FILTERS: Final = (
    Parameter("retired", "query", "true: the retired ones, too.", bool),
    Parameter("permission", "query", "Only those that have this permission themselves."),
)


class RoleRoutes:
    """The handlers of the roles' routes."""

    def __init__(self, changes: Changes, pages: Pages) -> None:
        self._changes = changes
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads, writes = Permission.ROLES_READ, Permission.ROLES_CHANGE
        routes.add(
            "GET", LIST, "list_roles", reads, self.every, parameters=[*FILTERS, *PAGING],
            answers={200: Answer("A page of roles.", RolePage, VERSION)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_role", reads, self.one, parameters=[ROLE],
            answers={200: Answer("The role.", RoleView, VERSION)}, everywhere=True,
        )  # fmt: skip
        has, comes = f"{ONE}/permissions/{{permission}}", f"{ONE}/parents/{{parent}}"
        for method, path, name, handler, body in (
            ("PUT", ONE, "define_role", self.define, RoleBody),
            ("POST", f"{ONE}/retire", "retire_role", self.retire, None),
            ("POST", f"{ONE}/reinstate", "reinstate_role", self.reinstate, None),
            ("PUT", has, "set_role_permission", self.allow, AllowancesBody),
            ("PUT", comes, "add_role_parent", self.add_parent, None),
            ("DELETE", comes, "remove_role_parent", self.remove_parent, None),
        ):
            named = [one for one in (ROLE, PERMISSION, PARENT) if f"{{{one.name}}}" in path]
            routes.add(
                method, path, name, writes, handler, body=body,
                parameters=[*named, IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED},
                everywhere=True,
            )  # fmt: skip

    async def every(self, request: Request, _caller: Caller) -> Response:
        """List roles by name."""
        await self._changes.book.catch_up()
        policy, has_retired = self._changes.book.book.policy, yes_or_no(request, "retired")
        permission = text(request, "permission", at_most=100)
        return self._pages.named(
            request,
            query_of(request, LIST, ("retired", "permission")),
            policy.roles,
            version=self._changes.book.version_of(POLICY_STREAM),
            wanted=lambda _name, role: (
                (has_retired or not role.is_retired)
                and (permission is None or permission in role.allowances)
            ),
            shown=lambda name, role: role_view(policy, name, role),
        )

    async def one(self, request: Request, _caller: Caller) -> Response:
        """Read a role."""
        await self._changes.book.catch_up()
        policy, name = self._changes.book.book.policy, request.path_params["role"]
        headers = {"ETag": etag(self._changes.book.version_of(POLICY_STREAM))}
        return JsonAnswer(role_view(policy, name, known_role(policy, name)), 200, headers)

    async def define(self, request: Request, caller: Caller) -> Response:
        """Define a role, or change its level and title; one that was retired is back."""
        raw = await read_body(request)
        body = parse(RoleBody, raw)
        role = request.path_params["role"]
        wanted = DefineRole(role, body.level, title_of(body.title))
        return await self._changes.on_policy(
            Sent(request, caller, raw), "define_role", lambda _: [OnPolicy(wanted)], body.reason
        )

    async def retire(self, request: Request, caller: Caller) -> Response:
        """Let a role give nobody anything any more, neither by itself nor through other roles."""
        role = request.path_params["role"]
        return await self._changes.on_policy(
            Sent(request, caller), "retire_role", lambda _: [OnPolicy(RetireRole(role))]
        )

    async def reinstate(self, request: Request, caller: Caller) -> Response:
        """Let a retired role give again what it has."""
        name = request.path_params["role"]

        def asks(book: Book) -> list[OnPolicy]:
            role = known_role(book.policy, name)
            return [OnPolicy(DefineRole(name, role.level, role.title))]

        return await self._changes.on_policy(Sent(request, caller), "reinstate_role", asks)

    async def allow(self, request: Request, caller: Caller) -> Response:
        """Let the role have a permission exactly so far; an empty list takes it away."""
        raw = await read_body(request)
        body = parse(AllowancesBody, raw)
        allowances = tuple(one.allowance() for one in body.allowances)
        role, permission = request.path_params["role"], request.path_params["permission"]
        wanted = OnPolicy(SetRolePermission(role, permission, allowances))
        return await self._changes.on_policy(
            Sent(request, caller, raw), "set_role_permission", lambda _: [wanted], body.reason
        )

    async def add_parent(self, request: Request, caller: Caller) -> Response:
        """Let the role have what another one has."""
        wanted = OnPolicy(AddRoleParent(*_role_and_parent(request)))
        return await self._changes.on_policy(
            Sent(request, caller), "add_role_parent", lambda _: [wanted]
        )

    async def remove_parent(self, request: Request, caller: Caller) -> Response:
        """Let the role no longer have what another one has."""
        wanted = OnPolicy(RemoveRoleParent(*_role_and_parent(request)))
        return await self._changes.on_policy(
            Sent(request, caller), "remove_role_parent", lambda _: [wanted]
        )


def _role_and_parent(request: Request) -> tuple[str, str]:
    return request.path_params["role"], request.path_params["parent"]
