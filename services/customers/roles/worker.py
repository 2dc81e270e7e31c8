"""The worker role: imports go on until they end; more workers take more imports at once."""

import sys

from services.customers.application.importing.worker import ImportWorker
from services.customers.roles.process import SERVICE, Process
from shared.eventstore.store import EventStore
from shared.messaging.topics import CUSTOMERS
from shared.security.secret_files import read_key_file
from shared.security.subject_keys import SubjectKeys

# Rows are read in a thread. With Python's own 5 ms whoever else is in the process would wait that
# long at each turn: measured, live writes and the relay stood for seconds.
TURN_SECONDS = 0.0005


async def add_worker(process: Process) -> None:
    """Let the process work off imports."""
    sys.setswitchinterval(TURN_SECONDS)
    truth = await process.lanes(process.stores.truth_dsn, "worker", 2)
    keys = await process.lanes(process.stores.keys_dsn, "worker", 1)
    worker = ImportWorker(
        EventStore(truth, SERVICE, CUSTOMERS.partitions, process.metrics),
        truth,
        SubjectKeys(keys, process.master),
        read_key_file(process.security.secrets_dir / "service.key"),
        process.clock,
        process.appended,
        wake=process.handed_in,
    )
    process.readiness.works.append(worker.work)
    process.runs.append(worker.run)
