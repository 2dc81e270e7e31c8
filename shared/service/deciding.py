"""Every process that decides has its own replica of all permissions, and writes down what it said.

The replica is as young as it can be.
"""

from functools import partial
from typing import Final

import httpx

from shared.authorization.leaving import DecidingProcess
from shared.authorization.permission_copy import PermissionCopy, WithCopy
from shared.authorization.replica import Replica
from shared.authorization.snapshot_http import HttpSnapshots
from shared.authorization.tail import ReplicaTail, SnapshotSource
from shared.eventstore.records import RecordKeeper
from shared.messaging.topics import ACCESS
from shared.observability.metrics import Metrics
from shared.observability.work import FINE
from shared.postgres.lanes import Lanes
from shared.security.service_tokens import FILE, ServiceTokens
from shared.service.process import Process
from shared.web.decision_log import DecisionLog
from shared.web.leaving_log import LeavingLog

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
    late = partial(process.metrics.observe, "daybook_permission_applied_seconds")
    replica = Replica(process.clock, late)
    process.metrics.found_out_by("permissions", ReplicaNumbers(replica, process.metrics).set)
    copy = PermissionCopy(views, replica)
    snapshots = WithCopy(source or await _over_http(process), copy, replica)
    tail = ReplicaTail(replica, process.kafka, snapshots)
    process.readiness.rights = partial(state_of, replica)
    process.runs += [tail.run, copy.run]
    return replica


class ReplicaNumbers:
    """What is told of a replica whenever somebody asks for the numbers."""

    def __init__(self, replica: Replica, metrics: Metrics) -> None:
        self._replica = replica
        self._metrics = metrics
        self._failures = 0
        self._faults = 0

    async def set(self) -> None:
        """Set its age, and count what happened since the last time."""
        failures = self._replica.world.troubles.count
        faults = self._replica.freshness.clock_faults
        its = self._metrics
        its.set("daybook_permissions_age_seconds", self._replica.freshness.age)
        # A snapshot begins a count of its own.
        its.count("daybook_permission_check_failures_total", max(0, failures - self._failures))
        its.count("daybook_permission_clock_faults_total", faults - self._faults)
        self._failures, self._faults = failures, faults


def state_of(replica: Replica) -> str:
    """Say in a word whether anything is decided: at that age even what is of low risk is not."""
    basis = replica.basis()
    if not basis.world.subjects:
        return "no permissions are known"
    limit = basis.world.policy.limit("low")
    if basis.age > limit:
        return f"permissions are {basis.age:.0f} s old, of {limit:.0f} s at most"
    return FINE


def log_decisions(process: Process, truth: Lanes, replica: Replica) -> DecisionLog:
    """Return where the decisions of a process go that serves no requests; the process tells them.

    Args:
        process: runs what tells them, and tells the rest when it ends.
        truth: where records are kept.
        replica: by which the process decides.
    """
    records = RecordKeeper(truth, process.clock, ACCESS.partitions, process.metrics)
    deciding = DecidingProcess(process.name, process.service.account, replica.leavings)
    everything = process.settings.log_every_decision
    decisions = DecisionLog(records, process.clock, everything=everything, process=deciding)
    process.opened.push_async_callback(records.close)
    process.opened.push_async_callback(decisions.close)
    tell_leavings(process, deciding, records)
    process.runs.append(decisions.run)
    return decisions


def tell_leavings(process: Process, deciding: DecidingProcess, records: RecordKeeper) -> None:
    """Let the process put on record from when on it refuses whoever leaves.

    Args:
        process: runs what tells it, and tells the rest when it ends.
        deciding: whose replica sees who leaves.
        records: where it is told; closed after this.
    """
    leavings = LeavingLog(deciding, records, process.metrics)
    process.metrics.found_out_by("leavings", leavings.set_number)
    process.opened.push_async_callback(leavings.close)
    process.runs.append(leavings.run)


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
