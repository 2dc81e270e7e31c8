"""Every process that decides keeps its own replica of all permissions, as young as it can."""

from functools import partial
from typing import Final

import httpx

from shared.authorization.permission_copy import PermissionCopy, WithCopy
from shared.authorization.replica import Replica
from shared.authorization.snapshot_http import HttpSnapshots
from shared.authorization.tail import ReplicaTail, SnapshotSource
from shared.observability.work import FINE
from shared.postgres.lanes import Lanes
from shared.security.service_tokens import FILE, ServiceTokens
from shared.service.process import Process

ANSWER_WITHIN_SECONDS: Final = 5.0


async def follow_permissions(
    process: Process, views: Lanes, source: SnapshotSource | None = None
) -> Replica:
    """Return the process's replica, which the process keeps level; at first it denies everything.

    Args:
        process: runs what follows the topic and keeps the copy.
        views: where the service keeps its copy of all permissions.
        source: where snapshots come from; None: from the permissions service, over HTTP.
    """
    replica = Replica(process.clock)
    copy = PermissionCopy(views, replica)
    snapshots = WithCopy(source or await _over_http(process), copy, replica)
    tail = ReplicaTail(replica, process.kafka, snapshots)
    process.readiness.rights = partial(state_of, replica)
    process.runs += [tail.run, copy.run]
    return replica


def state_of(replica: Replica) -> str:
    """Say in a word whether anything is decided: at that age even what is of low risk is not."""
    basis = replica.basis()
    if not basis.world.subjects:
        return "no permissions are known"
    limit = basis.world.policy.limit("low")
    if basis.age > limit:
        return f"permissions are {basis.age:.0f} s old, of {limit:.0f} s at most"
    return FINE


async def _over_http(process: Process) -> SnapshotSource:
    http = await process.opened.enter_async_context(
        httpx.AsyncClient(timeout=ANSWER_WITHIN_SECONDS, trust_env=False)
    )
    tokens = ServiceTokens(
        process.security.issuer,
        process.service.name,
        process.security.secrets_dir / FILE,
        http,
        process.clock,
    )
    return HttpSnapshots(http, process.settings.permissions_url, tokens.token, tokens.forget)
