"""Every api looks after open erasures: it may append, and it can ask every holder of copies."""

from services.customers.api.app import ApiParts
from services.customers.application.erasure_watch import ErasureWatcher
from services.customers.roles.process import FOLLOWED, Process
from shared.projecting.holders import CipherCaches, Holder, ParkedEvents, ReadModels


def erasure_watcher(process: Process, parts: ApiParts) -> ErasureWatcher:
    """Return the watcher that asks every holder of copies that this service has."""
    read_models = ReadModels(parts.views, FOLLOWED.source, FOLLOWED.topic)
    holders: list[Holder] = [
        read_models,
        ParkedEvents(read_models, parts.views),
        CipherCaches(process.clock),
    ]
    return ErasureWatcher(parts.erasures, parts.store, holders, process.clock)
