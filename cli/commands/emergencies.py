"""Access is taken at once in an emergency, and somebody else says whether it was one."""

from datetime import timedelta
from uuid import UUID

import click

from cli.client import DaybookClient
from cli.commands.changing import post, with_reason
from cli.commands.granting import asked_of, id_named
from cli.commands.screen import show, shown_time
from cli.commands.session import speaks_as
from cli.permission_answers import Done
from cli.refusals import read_answer
from shared.clock import SystemClock

# The service counts from its own clock: one here that is a little ahead must not ask for too much.
LONGEST, MARGIN = timedelta(hours=4), timedelta(seconds=30)
VERDICTS = ("justified", "not_justified")


@click.command("break-glass")
@click.argument("what")
@click.option(
    "--hours", type=click.FloatRange(0, min_open=True), default=1, show_default=True,
    help="How long, at most 4.",
)  # fmt: skip
@click.option("--record", "records", multiple=True, help="Only this record, by its id; repeatable.")
@click.option("--scope", help="At most so far: own, team, department or all.")
@click.option("--clearance", help="At most so secret.")
@with_reason
@speaks_as("carol")
async def break_glass(
    client: DaybookClient, what: str, hours: float, records: tuple[str, ...], scope: str | None,
    clearance: str | None, reason: str,
) -> None:  # fmt: skip
    """Take the role or permission WHAT for yourself, at once: in an emergency only.

    It ends by itself, operators are alarmed, and somebody else says whether it was one.
    """
    client.turn_to("permissions")
    until = SystemClock().now() + _lasting(timedelta(hours=hours))
    said = {**asked_of(what), "records": records or None, "scope": scope, "clearance": clearance}
    body = {**said, "until": until.isoformat(), "reason": reason}
    done = read_answer(Done, await post(client, "/v1/grants/break-glass", body))
    show(f"Taken until {shown_time(until)}: {done.grant_id}")
    words = f"{done.subject_id} {done.grant_id} {'|'.join(VERDICTS)} --reason WHY"
    show(f"Somebody else must say whether it was one: daybook permissions review-emergency {words}")


@click.command("review-emergency")
@click.argument("who")
@click.argument("grant_id", type=click.UUID)
@click.argument("verdict", type=click.Choice(VERDICTS))
@with_reason
@speaks_as("erin")
async def review_emergency(
    client: DaybookClient, who: str, grant_id: UUID, verdict: str, reason: str
) -> None:
    """Say whether what WHO took in an emergency was justified.

    `daybook permissions grants --to-review` lists what waits for that.
    """
    client.turn_to("permissions")
    subject_id = await id_named(client, who)
    body = {"subject_id": subject_id, "grant_id": str(grant_id), "verdict": verdict}
    await post(client, "/v1/grants/review", {**body, "reason": reason})
    show(f"Reviewed: {verdict.replace('_', ' ')}.")


def _lasting(wished: timedelta) -> timedelta:
    """Return how long to ask for; too long stays so, and is refused."""
    return wished if wished > LONGEST else min(wished, LONGEST - MARGIN)


COMMANDS = (break_glass, review_emergency)
