"""Every process that decides has its own replica of all permissions, and writes down what it said.

The replica is as young as it can be.
"""

from functools import partial
from math import isfinite
from typing import Final

import httpx

from shared.authorization.leaving import DecidingProcess
from shared.authorization.permission_copy import PermissionCopy, WithCopy
from shared.authorization.replica import Replica
from shared.authorization.scopes import Risk
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
from shared.web.health import KnownPermissions
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
    process.readiness.rights = partial(what_is_known, replica)
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


def what_is_known(replica: Replica) -> KnownPermissions:
    """Say how old the copy is, and what is refused for that; ready while anything is decided."""
    basis = replica.basis()
    limits = {risk.value: basis.world.policy.limit(risk.value) for risk in Risk}
    refused = [risk for risk, limit in limits.items() if not basis.age <= limit]
    age = basis.age if isfinite(basis.age) else None
    if not basis.world.subjects:
        return KnownPermissions(
            state="no permissions are known", age_seconds=age, refused=[*limits]
        )
    longest = max(limits.values())
    told = "of unknown age" if age is None else f"{age:.0f} s old"
    state = f"permissions are {told}, of {longest:.0f} s at most"
    is_none = len(refused) == len(limits)
    return KnownPermissions(state=state if is_none else FINE, age_seconds=age, refused=refused)


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
