"""python -m bench.memory_of import|export DSN MASTER_KEY: do one of it, say the process's peak."""

import asyncio
import resource
import sys
from pathlib import Path

import uvloop

from services.customers.api.exporting import csv_lines, pieces
from services.customers.application.importing.worker import ImportWorker
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from services.customers.projections.wanted import Wanted
from shared.clock import SystemClock
from shared.eventstore.store import EventStore
from shared.garbage import look_for_garbage_rarely
from shared.messaging.topics import CUSTOMERS
from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKeyFiles
from shared.security.subject_keys import SubjectKeys

SECRET = b"s" * 32


async def import_all(truth_dsn: str, keys_dsn: str, secrets: str) -> None:
    """Work off what was handed in."""
    truth = Lanes(truth_dsn, 2, application_name="bench-memory")
    keys = Lanes(keys_dsn, 1, application_name="bench-memory")
    await truth.open()
    await keys.open()
    worker = ImportWorker(
        EventStore(truth, "customers", CUSTOMERS.partitions), truth,
        SubjectKeys(keys, MasterKeyFiles(Path(secrets))), SECRET, SystemClock(), asyncio.Event(),
    )  # fmt: skip
    while await worker.work_off_one():
        pass
    await truth.close()
    await keys.close()


async def export_all(views_dsn: str) -> None:
    """Write every customer out, for nobody."""
    lanes = Lanes(views_dsn, 1, application_name="bench-memory", settings=SETTINGS)
    await lanes.open()
    async for _ in pieces(DirectoryQueries(lanes).every(Wanted(archived="also")), csv_lines):
        pass
    await lanes.close()


if __name__ == "__main__":
    look_for_garbage_rarely()
    what, *where = sys.argv[1:]
    uvloop.run(import_all(*where) if what == "import" else export_all(*where))
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
