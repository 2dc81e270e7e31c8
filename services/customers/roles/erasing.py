"""Every api looks after open erasures: it may append, and it can ask every holder of copies."""

from services.customers.api.app import ApiParts
from services.customers.application.erasure_watch import ErasureWatcher
from services.customers.application.importing.copies import ImportCopies
from services.customers.application.last_looks import LastLooks
from services.customers.roles.service import FOLLOWED
from shared.clock import Clock
from shared.postgres.lanes import Lanes
from shared.projecting.holders import CipherCaches, Holder, ParkedEvents, ReadModels
from shared.projecting.marks import Followed
from shared.service.process import Process


def holders_of(
    truth: Lanes,
    views: Lanes,
    clock: Clock,
    imports: ImportCopies,
    followed: Followed = FOLLOWED,
) -> list[Holder]:
    """Return every holder of copies that this service has itself."""
    read_models = ReadModels(views, followed.source, followed.topic)
    return [
        read_models,
        ParkedEvents(read_models, views),
        CipherCaches(clock),
        LastLooks(truth, clock),
        imports,
    ]


def erasure_watcher(process: Process, parts: ApiParts) -> ErasureWatcher:
    """Return the watcher that asks every holder of copies."""
    return ErasureWatcher(
        parts.erasures, parts.foundation.store, parts.copies, process.clock, process.metrics
    )
