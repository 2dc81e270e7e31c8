"""Every role that writes events in bulk or for callers stops while there is still room."""

from shared.eventstore.reserve import DiskReserve, LocalSpace, UnknownSpace
from shared.service.process import Process
from shared.web.health import Disk


def reserve_of(process: Process) -> DiskReserve:
    """Return what stops writing when the event store's disk is nearly full, and have it look."""
    folder = process.stores.truth_data_dir
    space = UnknownSpace() if folder is None else LocalSpace(folder)
    reserve = DiskReserve(space, process.stores.truth_reserve_bytes, process.metrics)
    process.readiness.disk = lambda: Disk(
        state=reserve.state, free_bytes=reserve.free_bytes, reserve_bytes=reserve.reserve_bytes
    )
    process.runs.append(reserve.run)
    return reserve
