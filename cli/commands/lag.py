"""An operator sees in one table how far every part is behind the store, and who holds it back."""

from collections.abc import Iterable
from itertools import groupby

import click

from cli.answers import Canary, Horizon, Lag, PartitionLag, RelayLag
from cli.client import DaybookClient
from cli.commands.screen import show, show_table
from cli.commands.session import speaks_as
from cli.local.services import SERVICES

Row = tuple[str, str, int, int, float, bool]
HEADINGS = ("way", "partition", "reached", "behind", "seconds")


@click.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@click.option("--partitions", "each", is_flag=True, help="A line for every partition.")
@click.option(
    "--service",
    type=click.Choice([each.name for each in SERVICES]),
    help="Of which service.  [default: customers, or that of --url]",
)
@speaks_as("oscar")
async def lag(client: DaybookClient, *, is_json: bool, each: bool, service: str | None) -> None:
    """Show how far Kafka and every read model are behind the store."""
    if service is not None:
        client.turn_to(service)
    behind = await client.lag()
    if is_json:
        show(behind.as_json())
        return
    rows = list(rows_of(behind))
    show_table(HEADINGS, [*map(_shown, rows if each else ways_of(rows)), total_of(rows)])
    show(_horizon_line(behind.horizon))
    show(_canary_line(behind.canary))


def rows_of(lag: Lag) -> Iterable[Row]:
    """Yield one row per partition and way."""
    for relay in lag.relay:
        way = f"store → {relay.topic}"
        yield way, str(relay.partition), relay.on_kafka, *_measured(relay)
    for projection in lag.projections:
        for part in projection.partitions:
            way = f"Kafka → {projection.name}"
            yield way, str(part.partition), part.applied, *_measured(part)


def ways_of(rows: Iterable[Row]) -> Iterable[Row]:
    """Yield one row per way, for all its partitions: sums, and the longest wait."""
    for way, of_one in groupby(rows, lambda row: row[0]):
        its = list(of_one)
        reached, behind = sum(row[2] for row in its), sum(row[3] for row in its)
        longest, is_at_least = max(row[4] for row in its), any(row[5] for row in its)
        yield way, f"all {len(its)}", reached, behind, longest, is_at_least


def total_of(rows: list[Row]) -> tuple[str, ...]:
    """Return the line that sums up what is behind and keeps the longest wait."""
    behind, seconds = sum(row[3] for row in rows), max((row[4] for row in rows), default=0.0)
    is_at_least = any(row[5] for row in rows)
    return "total", "", "", _counted(behind, is_at_least=is_at_least), f"{seconds:.1f}"


def _measured(part: RelayLag | PartitionLag) -> tuple[int, float, bool]:
    return part.behind, part.seconds, part.is_at_least


def _shown(row: Row) -> tuple[str, ...]:
    way, partition, reached, behind, seconds, is_at_least = row
    counted = _counted(behind, is_at_least=is_at_least)
    return way, partition, str(reached), counted, f"{seconds:.1f}"


def _counted(events: int, *, is_at_least: bool) -> str:
    return f"at least {events}" if is_at_least else str(events)


def _horizon_line(horizon: Horizon) -> str:
    if horizon.blocking_pid is None:
        return f"Horizon: {horizon.lag_ms:g} ms behind; no transaction holds it back."
    return (
        f"Horizon: {horizon.lag_ms:g} ms behind, held back by PostgreSQL process "
        f"{horizon.blocking_pid}; nothing newer travels until its transaction ends."
    )


def _canary_line(canary: Canary | None) -> str:
    if canary is None or canary.trip_ms is None:
        return "Canary: none has made the whole trip yet."
    ago = "" if canary.age_seconds is None else f", {canary.age_seconds:.0f} s ago"
    return f"Canary: {canary.way} in {canary.trip_ms:g} ms{ago}."
