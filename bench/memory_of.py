"""python -m bench.memory_of import|export|rebuild WHERE: do one of it, say the process's peak."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.exporter import everything
from bench.ground import Databases, ground_at
from bench.parts import Parts
from bench.rebuilding import Rebuilds, all_applied, rebuild_parts
from bench.rights import Everything
from cli.local.paths import Place
from services.customers.api.exported_lines import csv_lines
from services.customers.api.exporting import pieces
from services.customers.application.importing.worker import ImportWorker
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from shared.clock import SystemClock
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.garbage import look_for_garbage_rarely
from shared.messaging.topics import ACCESS, CUSTOMERS
from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKeyFiles
from shared.security.subject_keys import SubjectKeys
from shared.web.decision_log import DecisionLog

SECRET = b"s" * 32


async def import_all(truth_dsn: str, keys_dsn: str, secrets: str) -> None:
    """Work off what was handed in."""
    truth = Lanes(truth_dsn, 2, application_name="bench-memory")
    keys = Lanes(keys_dsn, 1, application_name="bench-memory")
    await truth.open()
    await keys.open()
    clock = SystemClock()
    worker = ImportWorker(
        EventStore(truth, "customers", CUSTOMERS.partitions), truth,
        SubjectKeys(keys, MasterKeyFiles(Path(secrets))), SECRET, clock, asyncio.Event(),
        Everything(), DecisionLog(RecordKeeper(truth, clock, ACCESS.partitions), clock),
    )  # fmt: skip
    while await worker.work_off_one():
        pass
    await truth.close()
    await keys.close()


async def export_all(views_dsn: str) -> None:
    """Write every customer out, for nobody."""
    lanes = Lanes(views_dsn, 1, application_name="bench-memory", settings=SETTINGS)
    await lanes.open()
    batches, look = everything(DirectoryQueries(lanes))
    async for _ in pieces(batches, csv_lines, look):
        pass
    await lanes.close()


async def rebuild_all(folder: str, port_base: str, *dsns: str) -> None:
    """Build the directory anew from the whole store, as a projector does, and let it answer."""
    place = Place(Path(folder), int(port_base), os.geteuid())
    async with AsyncExitStack() as opened:
        here = Parts(ground_at(place), Databases(*dsns), opened)
        its = await rebuild_parts(here)
        await all_applied(here, its)
        await Rebuilds(its, events=0).once()


DOING: Mapping[str, Callable[..., Coroutine[None, None, None]]] = {
    "import": import_all,
    "export": export_all,
    "rebuild": rebuild_all,
}

if __name__ == "__main__":
    look_for_garbage_rarely()
    what, *where = sys.argv[1:]
    uvloop.run(DOING[what](*where))
    # Not ru_maxrss: of a process that was started it counts what its parent had.
    status = Path("/proc/self/status").read_text()
    sys.stdout.write(status.partition("VmHWM:")[2].split()[0])
