"""No role opens before the erasure ledger holds in the databases; only an api can make it hold."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg

from services.customers.application.erasing import CustomerErasures
from services.customers.application.erasure_gate import (
    ErasureGate,
    Replayed,
    is_replayed,
    lost_lines,
)
from services.customers.roles.service import SERVICE
from shared.clock import SystemClock
from shared.errors import UnavailableError
from shared.eventstore.store import EventStore
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.store_feed import READ_ONLY
from shared.security.erasure_ledger import ErasureLedger
from shared.security.subject_keys import SubjectKeys
from shared.service.process import Process
from shared.settings import SecuritySettings, StoreSettings

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5


async def open_gate(
    ledger: ErasureLedger, store: EventStore, key_lanes: Lanes, erasures: CustomerErasures
) -> Replayed:
    """Begin or recognise the ledger, and do again what a restore undid.

    Raises:
        DaybookError: the ledger is missing, damaged or not the newest.
        UnavailableError: a server does not answer, or the ledger cannot be read.
    """
    await ledger.begin(key_lanes)
    keys = SubjectKeys.without_master(key_lanes)
    gate = ErasureGate(ledger, store, keys, erasures)
    return await gate.open(actor=SERVICE.account)


async def wait_for_gate(process: Process) -> None:
    """Let a role that cannot erase wait until an api has done again what a restore undid.

    A relay would send events that are to be erased, a projector would show them.
    """
    ledger = ErasureLedger(process.security.ledger_dir, process.clock)
    role = process.role
    truth = await process.lanes(process.stores.truth_dsn, role, 1, READ_ONLY)
    store = EventStore(truth, SERVICE.name, CUSTOMERS.partitions)
    keys, opened = None, [truth]
    if role != "relay":
        key_lanes = await process.lanes(process.stores.keys_dsn, role, 1)
        opened.append(key_lanes)
        keys = SubjectKeys.without_master(key_lanes)
        await ledger.recognise(key_lanes)

    async def is_open() -> bool:
        lines = list((await ledger.lines()).values())
        if keys is not None and await keys.not_destroyed([line.kid for line in lines]):
            return False
        return await is_replayed(store, lines)

    await _wait(process, is_open)
    for lanes in opened:
        await lanes.close()


async def _wait(process: Process, is_open: Callable[[], Awaitable[bool]]) -> None:
    told = ""
    while not process.stop.is_set():
        try:
            if await is_open():
                return
            reason = "an api, or `daybook restore --check`, has to do them again first"
        except UnavailableError as error:
            reason = error.detail
        if told != reason:
            log.critical(
                "erasures of the ledger do not hold in the databases yet: waiting",
                extra={"reason": reason},
            )
            told = reason
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def replay_ledger(stores: StoreSettings, security: SecuritySettings) -> Replayed:
    """Do again what a restore undid, before any role starts.

    Raises:
        DaybookError: the ledger is missing, damaged or not the newest.
        UnavailableError: a server does not answer, or the ledger cannot be written.
    """
    clock = SystemClock()
    truth = Lanes(dsn_for(stores.truth_dsn, "api"), 1, application_name=f"{SERVICE.name}-ledger")
    key_lanes = Lanes(dsn_for(stores.keys_dsn, "api"), 1, application_name=f"{SERVICE.name}-ledger")
    try:
        await truth.open()
        await key_lanes.open()
        ledger = ErasureLedger(security.ledger_dir, clock)
        store = EventStore(truth, SERVICE.name, CUSTOMERS.partitions)
        keys = SubjectKeys.without_master(key_lanes)
        erasures = CustomerErasures(store, keys, ledger, clock, asyncio.Event())
        return await open_gate(ledger, store, key_lanes, erasures)
    finally:
        await truth.close()
        await key_lanes.close()


async def mend_ledger(stores: StoreSettings, security: SecuritySettings) -> int:
    """Add to the ledger what the store knows and it lacks; return how many lines that was.

    A ledger that is not there is begun anew, and the key database told so.

    Raises:
        LedgerDamagedError: a line is not what was written: put it aside first.
        UnavailableError: a server does not answer, or the ledger cannot be written.
    """
    clock = SystemClock()
    ledger = ErasureLedger(security.ledger_dir, clock)
    truth = Lanes(dsn_for(stores.truth_dsn, "api"), 1, application_name=f"{SERVICE.name}-ledger")
    owner = await asyncpg.connect(dsn_for(stores.keys_dsn, "migrate"))
    try:
        await truth.open()
        await owner.execute(f'set role "{SERVICE.owner}"')
        await ledger.adopt(owner)
        store = EventStore(truth, SERVICE.name, CUSTOMERS.partitions)
        keys = SubjectKeys.without_master(truth)  # an erasure holds nothing that needs a key
        erasures = CustomerErasures(store, keys, ledger, clock, asyncio.Event())
        noted = {line.subject for line in (await ledger.lines()).values()}
        lost = await lost_lines(store, noted)
        for customer_id in lost:
            await erasures.note_in_ledger(await erasures.load(customer_id))
        return len(lost)
    finally:
        await owner.close()
        await truth.close()


def line_of(replayed: Replayed) -> str:
    """Return what came of comparing the erasure ledger with the databases, as a person reads it."""
    if replayed.is_nothing:
        return f"erasures      ok     all {replayed.lines} of the ledger hold"
    return (
        f"erasures      FOUND  {replayed.keys} keys and {replayed.customers} customers were there"
        " again; they are erased again"
    )
