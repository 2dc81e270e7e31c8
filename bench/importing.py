"""An import of 100,000 rows loses little against reading, checking and copying the same rows.

Ours: a file that was handed in is worked off by the worker's own code: read, checked, planned,
sealed, appended, with outcomes and marks. The baseline reads and checks the same file with the same
code and then copies the rows that ours made into the same four tables, in one go.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import count
from time import perf_counter
from typing import Final

import asyncpg

from bench.ground import Databases, Ground
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import Parts, parts
from bench.rights import IMPORTER, Everything
from services.customers.application.importing.desk import ImportDesk
from services.customers.application.importing.reading import Asked, FileReading
from services.customers.application.importing.sealing import Marks
from services.customers.application.importing.worker import BATCH, ImportWorker
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.topics import ACCESS
from shared.web.decision_log import DecisionLog

ROWS: Final = int(os.environ.get("BENCH_IMPORT_ROWS", "100000"))
ROUNDS: Final = 1
SECRET: Final = b"s" * 32
PIECE: Final = 2**20
COPIED: Final = ("streams", "events", "import_rows", "import_keys")


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Import a file, and copy what it made, in turns; the first turn of each is not counted."""
    numbers = count()
    async with parts(ground) as here, parts(ground) as beside:

        async def ours() -> float:
            content = a_file(next(numbers))
            truth = await here.lanes(here.databases.truth, "api", 1)
            desk = ImportDesk(await here.store(), truth, await here.keys(), here.clock)
            handed_in = await desk.hand_in(
                Asked("csv"), {"format": "csv"}, _whole(content), lambda _: None,
                actor=IMPORTER, is_dry_run=False,
            )  # fmt: skip
            worker = await _worker(here)
            began = perf_counter()
            await worker.work_off_one()
            seconds = perf_counter() - began
            told = await desk.read(handed_in.told.job.id)
            must_be(ROWS, told.job.created, "customers of an import")
            return ROWS / seconds

        async def bare() -> float:
            content = a_file(next(numbers))
            made = await _made(here.databases)
            target = await asyncpg.connect(_admin(beside.databases))
            await target.execute(f"truncate {', '.join(COPIED)}")
            began = perf_counter()
            reading = FileReading(Asked("csv"), _pieces(content), Marks(SECRET))
            while reading.next_batch(BATCH):
                pass
            for table, records in made.items():
                await target.copy_records_to_table(table, records=records)
            seconds = perf_counter() - began
            must_be(ROWS, await target.fetchval("select count(*) from events"), "copied events")
            await target.close()
            return ROWS / seconds

        seen = await in_turns(ROUNDS, ours, bare)
    return {"import_100k": pair(*seen)}


def a_file(number: int) -> bytes:
    """Return a file of customers that no other round has."""
    rows = (
        f"{number}-{n},Anna{n % 977},Meyer{n % 1009},a{n}.{number}@x.example,Berlin,DE"
        for n in range(ROWS)
    )
    return "\n".join(["key,given name,surname,email,city,country", *rows, ""]).encode()


async def _worker(here: Parts) -> ImportWorker:
    truth = await here.lanes(here.databases.truth, "worker", 2)
    keys = await here.keys("worker", 1)
    store = EventStore(truth, "customers", here.partitions)
    log = DecisionLog(RecordKeeper(truth, here.clock, ACCESS.partitions), here.clock)
    return ImportWorker(store, truth, keys, SECRET, here.clock, here.appended, Everything(), log)


async def _made(databases: Databases) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of the last import, table by table."""
    connection = await asyncpg.connect(_admin(databases))
    its = "(select id from imports order by made_at desc limit 1)"
    mine = {
        "streams": f"stream in (select 'customer-' || customer_id from import_rows"
        f" where import_id = {its})",
        "events": f"connection = 'import-' || {its}",
        "import_rows": f"import_id = {its}",
        "import_keys": f"import_id = {its}",
    }
    found = {
        table: [
            tuple(row)
            for row in await connection.fetch(f"select * from {table} where {mine[table]}")
        ]
        for table in COPIED
    }
    await connection.close()
    return found


def _admin(databases: Databases) -> str:
    return databases.truth.replace("customers_{role}", "postgres")


def _pieces(content: bytes) -> Iterator[bytes]:
    return (content[at : at + PIECE] for at in range(0, len(content), PIECE))


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    for piece in _pieces(content):
        yield piece


ROW = Row("import_100k", (Claim("import_100k", 0.3, 0.6, "rows/s"),), measure)
