"""python -m bench [--row NAME] [--write]: measure the figures, print them, keep them."""

import argparse
import logging
import sys
from time import perf_counter

import uvloop

from bench import (
    apache,
    append,
    append_at_10m,
    append_eventsourcing,
    append_idempotent,
    append_many,
    deciding,
    erasing,
    evaluating,
    exporting,
    finding,
    importing,
    large,
    leaving,
    live_while_rebuilding,
    memory,
    post_customers,
    projecting,
    projecting_eventsourcing,
    projector_takeover,
    relaying,
    revoking,
    takeover,
    visible,
)
from bench.ground import ground
from bench.measuring import Row
from bench.neighbours import Neighbours
from bench.report import Figure, circumstances, table, write_docs, write_json
from cli.local.kafka import refuse_missing_kafka
from shared.errors import UnavailableError
from shared.garbage import look_for_garbage_rarely

ROWS: tuple[Row, ...] = (
    append.ROW,
    append_idempotent.ROW,
    append_eventsourcing.ROW,
    append_many.ROW,
    post_customers.ROW,
    relaying.ROW,
    projecting.ROW,
    projecting_eventsourcing.ROW,
    visible.ROW,
    large.ROW,
    erasing.ROW,
    live_while_rebuilding.ROW,
    finding.ROW,
    importing.ROW,
    exporting.ROW,
    deciding.ROW,
    revoking.ROW,
    leaving.ROW,
    evaluating.ROW,
    memory.ROW,
    takeover.ROW,
)
# Left out, and named, where Apache Kafka is not there.
KAFKA_ROWS: tuple[Row, ...] = (apache.RELAY, apache.PROJECTION, projector_takeover.ROW)
# Measured only when asked for by name.
LONG_ROWS: tuple[Row, ...] = (append_at_10m.ROW,)


async def measured(rows: list[Row]) -> tuple[list[Figure], str]:
    """Measure the rows one after the other; also say how busy the machine was meanwhile."""
    figures: list[Figure] = []
    whole = Neighbours()
    async with ground() as here:
        for row in rows:
            print(f"{row.name} …", end=" ", flush=True)
            started, neighbours = perf_counter(), Neighbours()
            seen = await row.measure(here)
            mine = [Figure(claim, seen[claim.name]) for claim in row.claims]
            ratios = ", ".join(f"{f.claim.name} {f.seen.ratio:.2f} ({f.verdict})" for f in mine)
            print(f"{perf_counter() - started:.0f} s: {ratios}; {neighbours.said}")
            figures += mine
    return figures, whole.said


def chosen(name: str | None) -> list[Row]:
    """Return the rows that a name means (a row's, or a figure's), or all but the long ones."""
    if name is None:
        return [*ROWS, *KAFKA_ROWS]
    every = ROWS + KAFKA_ROWS + LONG_ROWS
    rows = [r for r in every if name in {r.name, *(c.name for c in r.claims)}]
    if not rows:
        known = ", ".join(row.name for row in every)
        sys.exit(f"Error: there is no row {name}.\nFix: choose one of {known}")
    return rows


def left_out(rows: list[Row], name: str | None) -> str | None:
    """Take away the rows on Apache Kafka if it is not here, and say so; asked for, they must run.

    Raises:
        SystemExit: a row was asked for by name, and cannot run.
    """
    theirs = [row for row in rows if row in KAFKA_ROWS]
    try:
        if theirs:
            refuse_missing_kafka()
    except UnavailableError as error:
        if name is not None:
            sys.exit(f"Error: {error.detail}\nFix: {error.fix}")
        rows[:] = [row for row in rows if row not in theirs]
        return f"not run: {', '.join(row.name for row in theirs)}. {error.detail}"
    return None


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--row", help="measure only this row")
    parser.add_argument("--write", action="store_true", help="add a section to docs/benchmarks.md")
    asked = parser.parse_args()
    rows = chosen(asked.row)
    missing = left_out(rows, asked.row)
    logging.disable(logging.WARNING)
    said = circumstances()
    look_for_garbage_rarely()  # as a process of the service does
    print(said)
    figures, others = uvloop.run(measured(rows))
    print(table(figures))
    if missing:
        print(missing)
    print(f"written: {write_json(figures)}")
    if asked.write:
        notes = [f"{said}.", f"Meanwhile {others}.", *([missing] if missing else [])]
        print(f"written: {write_docs(figures, notes)}")


if __name__ == "__main__":
    main()
