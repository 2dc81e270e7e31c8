"""python -m bench [--row NAME] [--write]: measure the figures, print them, keep them."""

import argparse
import logging
import sys
from time import perf_counter

import uvloop

from bench import (
    append,
    append_at_10m,
    append_eventsourcing,
    append_idempotent,
    append_many,
    large,
    live_while_rebuilding,
    post_customers,
    projecting,
    projecting_eventsourcing,
    relaying,
    takeover,
    visible,
)
from bench.ground import ground
from bench.measuring import Row
from bench.neighbours import Neighbours
from bench.report import Figure, circumstances, table, write_docs, write_json
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
    live_while_rebuilding.ROW,
    takeover.ROW,
)
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
        return list(ROWS)
    every = ROWS + LONG_ROWS
    rows = [r for r in every if name in {r.name, *(c.name for c in r.claims)}]
    if not rows:
        known = ", ".join(row.name for row in every)
        sys.exit(f"Error: there is no row {name}.\nFix: choose one of {known}")
    return rows


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--row", help="measure only this row")
    parser.add_argument("--write", action="store_true", help="add a section to docs/benchmarks.md")
    asked = parser.parse_args()
    rows = chosen(asked.row)
    logging.disable(logging.WARNING)
    said = circumstances()
    look_for_garbage_rarely()  # as a process of the service does
    print(said)
    figures, others = uvloop.run(measured(rows))
    print(table(figures))
    print(f"written: {write_json(figures)}")
    if asked.write:
        print(f"written: {write_docs(figures, [f'{said}.', f'Meanwhile {others}.'])}")


if __name__ == "__main__":
    main()
