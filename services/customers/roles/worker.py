"""The worker role: imports go on until they end; more workers take more imports at once.

It is no part of `all`: it reads, checks and seals rows as fast as it can, and whatever shares its
process would wait for it.
"""

from services.customers.application.importing.turns import Turns
from services.customers.application.importing.worker import ImportWorker
from services.customers.roles.service import FOLLOWED, SERVICE
from shared.eventstore.store import EventStore
from shared.messaging.topics import CUSTOMERS
from shared.projecting.watching import MarkWatcher
from shared.security.secret_files import read_key_file
from shared.security.subject_keys import SubjectKeys
from shared.service.deciding import follow_permissions, log_decisions
from shared.service.process import Process
from shared.service.reserving import reserve_of


async def add_worker(process: Process) -> None:
    """Let the process work off imports."""
    truth = await process.lanes(process.stores.truth_dsn, "worker", 3)
    keys = await process.lanes(process.stores.keys_dsn, "worker", 1)
    views = await process.lanes(process.stores.views_dsn, "worker", 2)
    watcher = MarkWatcher(views, FOLLOWED, SERVICE.name)
    replica = await follow_permissions(process, views)
    worker = ImportWorker(
        EventStore(truth, SERVICE.name, CUSTOMERS.partitions, reserve=reserve_of(process)),
        truth,
        SubjectKeys(keys, process.master),
        read_key_file(process.security.secrets_dir / "service.key"),
        process.clock,
        process.appended,
        replica,
        log_decisions(process, truth, replica),
        process.metrics,
        Turns(watcher),
    )
    process.readiness.works.append(worker.work)
    process.runs += [watcher.run, worker.run]
