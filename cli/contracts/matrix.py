"""Which route needs which permission, and which default role has it and how far, is one page.

Made of the routes as the services declare them and of the policy that Daybook starts with; what a
company changed in its own policy `daybook permissions export` says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from fastapi import FastAPI

from cli.contracts.openapi import customers_app, permissions_app
from services.permissions.application.policy_files import DEFAULT
from services.permissions.domain.policy_file.model import AllowanceEntry, PolicyFile
from services.permissions.domain.policy_file.reading import read_policy
from shared.authorization.scopes import Scope
from shared.web.routes import DeclaredRoute

Has = Mapping[str, Mapping[str, Sequence[AllowanceEntry]]]
"""Role → permission → how far it reaches, what comes from parents included."""

OPENING = """\
# Permission matrix

Generated from the routes and from `services/permissions/policies/default.yaml` by `make contracts`;
do not edit.

Every route declares one permission and asks for it before anything else; then it asks again about
the record that it shows or changes. How far a role reaches is `scope/clearance`: whose records
(own, team, department, all), and the most secret data of them (public, internal, confidential,
restricted). One way must reach far enough by itself, in scope and in clearance. Roles have what
their parents have, everybody who joins (service accounts too) has `joiner`, and whoever is left out
has nothing. A company changes all of this but the routes by its own policy
([guide](../guides/policy.md)).
"""
WHO = """\
## Permissions

Decided from a copy of all rights that is at most so old; from an older one all is denied (503
`undecided`).
"""


def permission_matrix() -> str:
    """Return the page, in Markdown."""
    policy = read_policy(DEFAULT.read_text()).file
    has = {name: _reach(policy, name) for name in policy.roles}
    apis = {"customers": customers_app(), "permissions": permissions_app()}
    parts = [OPENING, WHO, _permissions(policy, has)]
    for service, app in apis.items():
        parts += [f"## Routes of {service}\n", _routes(app, has)]
    return "\n".join(parts)


def _permissions(policy: PolicyFile, has: Has) -> str:
    rows = (
        (
            f"`{name}`",
            entry.title.en,
            f"{entry.risk}, {policy.freshness_seconds[entry.risk]:g} s",
            "; ".join(f"{role} {_ways(its[name])}" for role, its in has.items() if name in its),
        )
        for name, entry in policy.permissions.items()
    )
    return _table(("permission", "what for", "risk", "default roles, and how far"), rows)


def _routes(app: FastAPI, has: Has) -> str:
    declared = (route for route in app.router.routes if isinstance(route, DeclaredRoute))
    return _table(
        ("route", "permission", "default roles"),
        ((_name_of(route), *_needs(route, has)) for route in declared),
    )


def _name_of(route: DeclaredRoute) -> str:
    return f"`{' '.join(sorted(route.methods or ()))} {route.path}`"


def _needs(route: DeclaredRoute, has: Has) -> tuple[str, str]:
    if route.permission is None:
        return "none", "anybody, without signing in"
    needed = Scope.ALL if route.everywhere else Scope.OWN
    holders = [
        role
        for role, its in has.items()
        if any(way.scope >= needed for way in its.get(route.permission, ()))
    ]
    reach = " for every record" if route.everywhere else ""
    return f"`{route.permission}`{reach}", ", ".join(holders)


def _reach(policy: PolicyFile, role: str) -> dict[str, list[AllowanceEntry]]:
    """Return what a role has, its parents' included, without ways that another one implies."""
    entry = policy.roles[role]
    found = {name: list(ways) for name, ways in entry.permissions.items()}
    for parent in entry.parents:
        for name, ways in _reach(policy, parent).items():
            found[name] = list(_widest([*found.get(name, ()), *ways]))
    return found


def _widest(ways: Sequence[AllowanceEntry]) -> Iterator[AllowanceEntry]:
    for number, way in enumerate(ways):
        others = [other for at, other in enumerate(ways) if at != number]
        if not any(map(partial(_implies, way, is_first=way not in ways[:number]), others)):
            yield way


def _implies(way: AllowanceEntry, other: AllowanceEntry, *, is_first: bool) -> bool:
    """Say whether the other way allows what this one does; of two equal ones the first stays."""
    if other == way:
        return not is_first
    is_plain = other.condition is None or other.condition == way.condition
    return is_plain and other.scope >= way.scope and other.clearance >= way.clearance


def _ways(ways: Iterable[AllowanceEntry]) -> str:
    return " or ".join(
        f"{way.scope}/{way.clearance}{' under a condition' if way.condition else ''}"
        for way in ways
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [
        f"| {' | '.join(headings)} |",
        f"|{'---|' * len(headings)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"
