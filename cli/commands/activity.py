"""How much is happening is seen at a glance, live and approximate, or day by day and exact."""

from datetime import datetime

import click

from cli.client import DaybookClient
from cli.commands.screen import say, say_as_of, show, show_table, shown_time
from cli.commands.session import speaks_as
from cli.figures import DailyActivity, LiveActivity

DAY = click.DateTime(["%Y-%m-%d"])
NOTHING_TOLD = (
    "No figure was published in the last hour: nothing happened, or the role streams does not run"
    " (`daybook status` shows it)."
)


@click.command()
@click.option("--daily", "is_daily", is_flag=True, help="Exact figures, day by day (UTC).")
@click.option("--from", "first", type=DAY, help="With --daily: the first day; six before --to.")
@click.option("--to", "last", type=DAY, help="With --daily: the last day; today.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("oscar")
async def activity(
    client: DaybookClient,
    first: datetime | None,
    last: datetime | None,
    *,
    is_daily: bool,
    is_json: bool,
) -> None:
    """Show how much is happening: now and approximately, or with --daily exactly."""
    if not is_daily and (first or last):
        raise click.UsageError("--from and --to go with --daily.")
    if is_daily:
        figures = await client.daily_activity(first and first.date(), last and last.date())
        show(figures.as_json()) if is_json else _show_days(figures)
        return
    live = await client.activity()
    show(live.as_json()) if is_json else _show_live(live)


def _show_live(live: LiveActivity) -> None:
    columns = [
        {(one.event_type, one.stage or ""): one.count for one in window.counts}
        for window in live.windows
    ]
    headings = ("event", "stage", *(f"last {_length(window.seconds)}" for window in live.windows))
    kinds = sorted({kind for column in columns for kind in column})
    rows = [(*kind, *(str(column.get(kind, 0)) for column in columns)) for kind in kinds]
    total = ("total", "", *(str(window.total) for window in live.windows))
    show_table(headings, [*rows, total])
    if live.as_of is None:
        say(NOTHING_TOLD)
    else:
        say(
            f"Live and approximate, as of {shown_time(live.as_of)}. Exact: daybook activity --daily"
        )


def _show_days(figures: DailyActivity) -> None:
    rows = [(one.day, one.event_type, str(one.count)) for one in figures.items]
    show_table(("day", "event", "count"), rows)
    say("Exact: every event counts once, on the day (UTC) on which it was recorded.")
    say_as_of(figures)


def _length(seconds: int) -> str:
    return {60: "minute", 3600: "hour"}.get(seconds, f"{seconds} s")
