"""Anybody is told why they may or may not; auditors and administrators, why anybody else."""

from datetime import datetime
from typing import Any

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.customers import Moment
from cli.commands.screen import NOTHING, show, show_table, shown_time
from cli.commands.session import speaks_as
from cli.refusals import read_answer

WAYS = ("grant", "of", "reaches", "misses")
FIXES = ("what would change it", "of", "reaches", "level")
PEOPLE = ("who", "id", "by")
KNOWN = {
    "as_it_is": "as it is",
    "as_it_was": "as it was then",
    "not_known": "nothing is known of it",
    "withheld": "you may not see it, so nothing of it counts here",
}
MAY = {True: "may", False: "may not", None: "may or may not"}


class Told(Answer):
    """Which moment and permissions an answer is computed from."""

    as_of: datetime
    position: int
    permission: str
    record: dict[str, Any] | None = None


class Why(Told):
    """Why, or why not."""

    allowed: bool | None
    reason_code: str
    reason: str
    who_can_help: str
    subject: dict[str, Any]
    by: dict[str, Any] | None = None
    considered: list[dict[str, Any]]
    fixes: list[dict[str, Any]]
    givers: dict[str, Any]


class Who(Told):
    """Who may."""

    items: list[dict[str, Any]]
    next_page_token: str | None = None


@click.command()
@click.argument("permission")
@click.argument("record", required=False)
@click.option("--who", help="Whose; a name or an id. Without it: your own.")
@click.option("--at", type=Moment(), help="As of this time (UTC unless it says more).")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("dave")
async def explain(
    client: DaybookClient, permission: str, record: str | None, who: str | None,
    at: datetime | None, *, is_json: bool,
) -> None:  # fmt: skip
    """Say why somebody may do PERMISSION (customer:read) to RECORD, or why not."""
    client.turn_to("permissions")
    body = {"permission": permission, "record": record, "subject": who, "as_of": _time(at)}
    why = read_answer(Why, await client.send(Call("POST", "/v1/explain", json=_said(body))))
    if is_json:
        show(why.as_json())
        return
    name = _name(why.subject)
    show(f"{name} {MAY[why.allowed]} {_what(why)}: {why.reason}")
    _show_record(why)
    if why.by is not None:
        show(f"by: {_by(why.by)}")
    if why.considered:
        show_table(WAYS, [_way(one) for one in why.considered])
    if why.fixes:
        show_table(FIXES, [_fix(one) for one in why.fixes])
        givers = _helpers(why.givers)
        show(why.who_can_help + (f" For example: {givers}." if givers else ""))
    _show_moment(why)


@click.command()
@click.argument("permission")
@click.argument("record")
@click.option("--at", type=Moment(), help="As of this time (UTC unless it says more).")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("dave")
async def who(
    client: DaybookClient, permission: str, record: str, at: datetime | None, *, is_json: bool
) -> None:
    """List who may do PERMISSION (customer:read) to RECORD, and by which grant."""
    client.turn_to("permissions")
    body = _said({"permission": permission, "record": record, "as_of": _time(at)})
    found = await _page(client, body)
    items = [*found.items]
    while found.next_page_token is not None:
        found = await _page(client, {**body, "page_token": found.next_page_token})
        items += found.items
    if is_json:
        show(found.model_copy(update={"items": items}).as_json())
        return
    show_table(PEOPLE, [(_name(one), one["id"], _by(one["by"] or {})) for one in items])
    _show_record(found)
    _show_moment(found)


async def _page(client: DaybookClient, body: dict[str, Any]) -> Who:
    call = Call("POST", "/v1/explain/who", json={**body, "page_size": 200})
    return read_answer(Who, await client.send(call))


def _said(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _what(told: Told) -> str:
    return told.permission if told.record is None else f"{told.permission} {told.record['id']}"


def _show_record(told: Told) -> None:
    if told.record is None:
        return
    owner = told.record.get("owner")
    whose = f", of {_name(owner)}" if owner else ""
    show(f"record: {KNOWN.get(told.record['known'], NOTHING)}{whose}")
    if "who_may_see" in told.record:
        people = _helpers(told.record["who_may_see"]) or NOTHING
        show(f"who may see it ({', '.join(told.record['needs'])}): {people}")


def _show_moment(told: Told) -> None:
    show(f"computed for {shown_time(told.as_of)}, from permissions up to change {told.position}")


def _helpers(told: dict[str, Any]) -> str:
    """Return who could help by name, else by role: not everybody's name is everybody's to see."""
    by_role = (f"somebody with the role {one}" for one in told["roles"])
    return ", ".join(map(_name, told["people"])) or ", ".join(by_role)


def _name(subject: dict[str, Any]) -> str:
    return str(subject["name"] or subject["id"])


def _by(source: dict[str, Any]) -> str:
    if "rule" in source:
        return f"the rule {source['rule']}"
    of = source.get("role") or source.get("permission") or NOTHING
    return f"{of} (grant {source.get('grant_id', NOTHING)})"


def _way(one: dict[str, Any]) -> tuple[str, ...]:
    of = one.get("role") or one["permission"]
    return one["grant_id"], of, f"{one['scope']}/{one['clearance']}", one["misses"] or "nothing"


def _fix(one: dict[str, Any]) -> tuple[str, ...]:
    of = one.get("role") or one.get("grant_id") or NOTHING
    reaches = f"{one['scope']}/{one['clearance']}" if "scope" in one else NOTHING
    return one["step"].replace("_", " "), of, reaches, str(one.get("level", NOTHING))
