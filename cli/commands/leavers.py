"""Who left is listed; of one leaver, which process refuses them since when, and who is silent."""

from datetime import datetime
from uuid import UUID

import click

from cli.answers import Answer
from cli.client import DaybookClient
from cli.commands.screen import NOTHING, show, show_table, shown_person, shown_time
from cli.commands.session import speaks_as
from cli.permission_answers import Subject

LISTED = ("who", "left", "by", "id")
PROCESSES = ("process", "refuses after", "first refusal after", "refusals", "what was cut")
LARGEST_PAGE = 200


class By(Answer):
    """Who let them go."""

    id: str


class Leaver(Answer):
    """Somebody who left."""

    subject: Subject
    left_at: datetime
    by: By


class LeaverPage(Answer):
    """Some of them."""

    items: list[Leaver]
    next_page_token: str | None = None


class Ended(Answer):
    """Work that was cut."""

    kind: str
    ms: int


class Process(Answer):
    """What one process told."""

    process: str
    state: str = "refuses"
    last_heard_seconds: float | None = None
    applied_ms: int | None = None
    is_at_start: bool | None = None
    first_refusal_ms: int | None = None
    refusals: int = 0
    ended: tuple[Ended, ...] = ()


class Service(Answer):
    """What one service told."""

    service: str
    is_expected: bool
    state: str
    why: str | None = None
    records_read_at: datetime | None = None
    processes: tuple[Process, ...] = ()


class Bound(Answer):
    """What is promised."""

    fresh_ms: int


class OneLeaver(Leaver):
    """One leaver, and who told what."""

    reason: str | None = None
    ticket: str | None = None
    are_permissions_old: bool = False
    bound: Bound
    services: list[Service]
    not_told: list[str]


@click.command()
@click.argument("subject_id", required=False, type=click.UUID)
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("dave")
async def leavers(client: DaybookClient, subject_id: UUID | None, *, is_json: bool) -> None:
    """Show who left, or which processes refuse SUBJECT_ID since when, and what was cut."""
    client.turn_to("permissions")
    if subject_id is not None:
        its = await client.get(OneLeaver, f"/v1/leavers/{subject_id}")
        show(its.as_json()) if is_json else _show(its)
        return
    page = await client.get(LeaverPage, "/v1/leavers", {"page_size": LARGEST_PAGE})
    if is_json:
        show(page.as_json())
        return
    show_table(LISTED, [(*_who(one), one.subject.id) for one in page.items])
    if page.next_page_token is not None:
        show("There are more; the api shows them page by page.")


def _show(its: OneLeaver) -> None:
    name, at, by = _who(its)
    show(f"{name} left {at}, let go by {by}")
    if its.reason is not None:
        show(f"why: {its.reason}{'' if its.ticket is None else f' ({its.ticket})'}")
    rows = [_row(one) for service in its.services for one in service.processes]
    if rows:
        show_table(PROCESSES, rows)
    for service in its.services:
        if service.why is not None and service.is_expected:
            show(f"not known of {service.service}: {service.why}")
        for process in service.processes:
            if process.state != "refuses":
                show(_unproven(process))
    if its.are_permissions_old:
        show("permissions are old here: a service that was let in lately may be missing")
    show(f"promised: within {its.bound.fresh_ms} ms wherever permissions are fresh")


def _who(one: Leaver) -> tuple[str, str, str]:
    name = one.subject.display_name or one.subject.user_name or one.subject.id
    return name, shown_time(one.left_at), shown_person(one.by.id)


def _unproven(one: Process) -> str:
    ago = one.last_heard_seconds
    heard = "" if ago is None else f", last heard of {ago:.0f} s ago"
    return f"{one.process}: {one.state.replace('_', ' ')}{heard}"


def _row(one: Process) -> tuple[str, ...]:
    late = " (just begun)" if one.is_at_start else ""
    cut = ", ".join(f"{each.kind} after {each.ms} ms" for each in one.ended)
    return (
        one.process, f"{_ms(one.applied_ms)}{late}", _ms(one.first_refusal_ms), str(one.refusals),
        cut or NOTHING,
    )  # fmt: skip


def _ms(number: int | None) -> str:
    return NOTHING if number is None else f"{number} ms"
