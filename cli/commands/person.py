"""Security sees on one page what somebody may do, did with it and was refused."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from cli.answers import Answer
from cli.client import DaybookClient
from cli.commands.granting import subject_named
from cli.commands.screen import NOTHING, show, show_table, shown_time
from cli.commands.session import speaks_as

RIGHTS = ("permission", "by", "how far", "until", "last use", "times")
REFUSALS = ("refused", "why", "times", "last", "record")


class Some(Answer):
    """The first of a list, and how many more there are."""

    items: list[dict[str, Any]]
    more: int


class Access(Answer):
    """What somebody may do, did and was refused; nothing where you may not see it."""

    subject: dict[str, Any]
    rights: Some | None = None
    denials: Some | None = None
    emergencies: Some | None = None
    requests: Some | None = None
    refusals: Some | None = None
    findings: Some | None = None
    review_items: Some | None = None
    service_accounts: Some
    leaver: str | None = None
    uses_known_since: datetime | None = None
    read_models: tuple[dict[str, Any], ...] = ()


@click.command()
@click.argument("who")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("erin")
async def person(client: DaybookClient, who: str, *, is_json: bool) -> None:
    """Show what WHO may do by which grant, when they last did, and what they were refused."""
    client.turn_to("permissions")
    subject = await subject_named(client, who, also_left=True)
    page = await client.get(Access, f"/v1/subjects/{subject.id}/access")
    if is_json:
        show(page.as_json())
        return
    its = page.subject
    where = its.get("department") or "no department"
    show(f"{its.get('display_name') or its['id']} ({its['life']}, {where}): {its['id']}")
    if page.rights is None or page.refusals is None:
        show("You may not see what was given to this person: that needs grant:read.")
    else:
        show_table(RIGHTS, [_right(one) for one in page.rights.items])
        _tell_of_more(page.rights)
        if page.refusals.items:
            show_table(REFUSALS, [_refusal(one) for one in page.refusals.items])
            _tell_of_more(page.refusals)
    for name in ("denials", "emergencies", "requests", "findings", "review_items"):
        _count(name.replace("_", " "), getattr(page, name))
    _count("service accounts", page.service_accounts)
    _tell_since(page.uses_known_since)
    if page.leaver is not None:
        show(f"Left; where it is refused already: GET {page.leaver}")


def _right(one: Mapping[str, Any]) -> tuple[str, ...]:
    ways = one["by"]["items"]
    by = ", ".join(sorted({way["role"] or "alone" for way in ways}))
    far = " or ".join(dict.fromkeys(f"{way['scope']}/{way['clearance']}" for way in ways))
    ends = [way["until"] for way in ways]
    until = NOTHING if None in ends else max(ends)
    denied = " (denied)" if one["is_denied_somewhere"] else ""
    return (one["permission"] + denied, by, far, until, _time(one["last_use"]), str(one["times"]))


def _refusal(one: Mapping[str, Any]) -> tuple[str, ...]:
    evidence = one["evidence"]["event_id"]
    return (one["permission"], one["code"], str(one["times"]), _time(one["last_at"]), evidence)


def _time(text: str | None) -> str:
    return NOTHING if text is None else shown_time(datetime.fromisoformat(text))


def _count(what: str, some: Some | None) -> None:
    if some is not None and some.items:
        show(f"{what}: {len(some.items) + some.more}")


def _tell_of_more(some: Some) -> None:
    if some.more:
        show(f"… and {some.more} more.")


def _tell_since(since: datetime | None) -> None:
    if since is None:
        show("When rights were used is not known yet.")
    else:
        show(f"Uses are known since {shown_time(since)}; grants that give the same share them.")
