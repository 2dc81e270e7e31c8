"""An export of a million customers loses little against COPY TO of the same columns.

Ours: what the route sends, read and written by its own code, without the network. The baseline is
what `psql` does: COPY TO STDOUT as CSV, read to its end.
"""

import os
from collections.abc import Mapping
from time import perf_counter
from typing import Final

import asyncpg

from bench.exporter import everything
from bench.ground import Ground
from bench.large_directory import LargeDirectory
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from services.customers.api.exported_lines import csv_lines
from services.customers.api.exporting import pieces
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries

CUSTOMERS: Final = int(os.environ.get("BENCH_LARGE_CUSTOMERS", "1000000"))
ROUNDS: Final = 3
COPY: Final = """select id, kind, name, details->'emails', details->'phones', details->'addresses',
    details->'tags', stage, owner, details->'custom', is_archived from directory_1.directory"""


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Export every customer, and copy the same columns out, in turns."""
    async with parts(ground) as here:
        await LargeDirectory(here.databases).fill(CUSTOMERS)
        lanes = await here.lanes(here.databases.views, "api", 1, SETTINGS)
        directory = DirectoryQueries(lanes)
        plain = await asyncpg.connect(here.databases.views.replace("customers_{role}", "postgres"))

        async def ours() -> float:
            lines, began = 0, perf_counter()
            batches, look = everything(directory)
            async for piece in pieces(batches, csv_lines, look):
                lines += piece.body.count(b"\r\n")
            seconds = perf_counter() - began
            must_be(CUSTOMERS + 1, lines, "lines of an export")
            return CUSTOMERS / seconds

        async def bare() -> float:
            size, began = 0, perf_counter()

            async def take(piece: bytes) -> None:
                nonlocal size
                size += len(piece)

            await plain.copy_from_query(COPY, output=take, format="csv")
            seconds = perf_counter() - began
            must_be(1, int(size > CUSTOMERS), "copied rows")
            return CUSTOMERS / seconds

        seen = await in_turns(ROUNDS, ours, bare)
        await plain.close()
    return {"export_1m": pair(*seen)}


ROW = Row("export_1m", (Claim("export_1m", 0.1, 0.3, "rows/s"),), measure)
