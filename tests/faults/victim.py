"""python -m tests.faults.victim: the customers service as it is, except that it may die at a call.

Each line on stdin (JSON, the arguments of `begin`) begins one life: a process forked from this one,
so that fifty lives cost one start. It runs the service's own wiring. Lines on stdout: `PID born`,
`PID at PLACE`, `PID stopped`, `PID ended CODE`.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from unittest.mock import AsyncMock, patch
from uuid import UUID

import asyncpg

from services.customers import __main__ as service
from services.customers.application.erasing import CustomerErasures
from services.customers.application.importing import turns
from services.customers.projections.directory import Directory
from services.customers.roles import api, ledger, projector
from services.customers.roles.service import SERVICE
from shared.eventstore.store import EventStore
from shared.messaging import clients, outbox, reading_ahead
from shared.messaging.topics import CUSTOMERS
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent
from shared.security.erasure_ledger import ErasureLedger
from shared.security.subject_keys import SubjectKeys
from shared.service import foundation, process, relay
from shared.service.service import Service
from shared.testing.dying import Doom, Fate
from shared.testing.verifier import PersonVerifier
from tests.faults.two_customers import ACTOR
from tests.ground.children import dies_with_us

# The role `erase-<customer id>` erases one customer and ends.
ERASING = "erase-"
# Loaded once here, and not in each life.
LOADED = (api, ledger, relay)
TALLY = """insert into tally (event_id, stream, version, partition, feed_position)
    select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::smallint[], $5::bigint[])"""


class TalliedDirectory(Directory):
    """The directory, and beside it a row for every event applied, with nothing that dedupes."""

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        await super().apply(connection, events)
        came = [e.received for e in events]
        await connection.execute(
            TALLY,
            [UUID(e.event_id) for e in came],
            [e.stream for e in came],
            [e.version for e in came],
            [e.partition for e in came],
            [e.feed_position for e in came],
        )


def tell(line: str) -> None:
    """Say one line, whole, whoever else speaks at the same moment."""
    os.write(1, f"{line}\n".encode())


def live(role: str, doom: Doom, *, small_rounds: bool) -> None:
    """Run the service in one role, with nothing changed but what may die.

    With the smallest rounds there is always one to be read ahead, where a life may die too.
    """
    with ExitStack() as changed:
        for where, name, what in (
            (process, "Lanes", partial(Lanes, connection_class=doom.connection())),
            (projector, "Directory", TalliedDirectory),
            # One relay and one read model, or the n-th call would be another one in each life.
            (Service, "relayed", (CUSTOMERS,)),
            (projector, "keep_activity_daily", AsyncMock()),
            (foundation, "TokenVerifier", lambda **_: PersonVerifier()),
            (outbox, "PAGE_PER_PARTITION", 1 if small_rounds else outbox.PAGE_PER_PARTITION),
            (reading_ahead, "WORTH_IT_EVENTS", 1),
            # No life of a worker has a read model beside it.
            (turns, "STANDS_AFTER_SECONDS", 0.01),
            (clients, "AIOKafkaProducer", doom.producer()),
            (clients, "Consumer", doom.consumer()),
        ):
            changed.enter_context(patch.object(where, name, what))
        if role.startswith(ERASING):
            asyncio.run(erase(UUID(role.removeprefix(ERASING))))
            return
        changed.enter_context(patch.object(sys, "argv", ["service", role]))
        service.main()


async def erase(customer_id: UUID) -> None:
    """Erase one customer, as an api would."""
    its = process.Process(SERVICE, "api", Tracing())
    async with its.opened:
        truth = await its.lanes(its.stores.truth_dsn, "api", 1)
        keys = SubjectKeys(await its.lanes(its.stores.keys_dsn, "api", 1), its.master)
        store = EventStore(truth, SERVICE.name, CUSTOMERS.partitions)
        ledger = ErasureLedger(its.security.ledger_dir, its.clock)
        erasures = CustomerErasures(store, keys, ledger, its.clock, its.appended)
        await erasures.erase_customer(customer_id, actor=ACTOR)


def begin(role: str, at: int, what: str, text: str, ends_after: str) -> None:
    """Fork one life; return in the parent.

    It gets the signal `what` at the `at`-th place whose name holds `text` (0: never), and ends by
    itself, as if asked to, after the first call whose name holds `ends_after` (empty: never).
    """
    be_mortal = dies_with_us(signal.SIGKILL)
    if os.fork() != 0:
        return
    be_mortal()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.getpid()
    tell(f"{pid} born")
    fates = [Fate(at, signal.Signals[what], text)]
    if ends_after:
        fates.append(Fate(1, signal.SIGTERM, f"after {ends_after}"))
    code = 1
    try:
        doom = Doom(fates, lambda place: tell(f"{pid} at {place}"))
        live(role, doom, small_rounds=at > 0)
        code = 0
    finally:
        # Whatever happened, a child must not go on as its parent.
        if code != 0:
            traceback.print_exc()
        os._exit(code)


def reap(*_: object) -> None:
    """Tell how lives ended or stopped."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if os.WIFSTOPPED(status):
            tell(f"{pid} stopped")
        else:
            tell(f"{pid} ended {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, reap)
    gc.freeze()  # or each life would copy what its garbage collector touches
    for request in sys.stdin:
        begin(**json.loads(request))
