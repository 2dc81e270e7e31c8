"""Erasing a customer with ten thousand events takes little longer than erasing one with ten."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from uuid import UUID

from uuid6 import uuid7

from bench.ground import Ground
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import parts
from bench.samples import NOW, origin
from services.customers.application.erasing import CustomerErasures
from services.customers.application.importing.copies import ImportCopies
from services.customers.application.loading import stream_of
from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
    NameDetails,
    RegisteredDetails,
)
from services.customers.storage.codec import CODEC
from shared.eventstore.store import EventStore
from shared.security.erasure_ledger import ErasureLedger
from shared.security.subject_keys import SubjectKey

FEW, MANY = 10, 10_000
ROUNDS = 11
AT_A_TIME = 1_000
SECRET = b"s" * 32
CLAIMS = (Claim("erasure", 2.0, 1.1, "ms", "lower"),)


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Erase a customer of each kind in turns, from the order to the stored `CustomerErased`."""
    async with parts(ground) as here:
        store, keys = await here.store(), await here.keys()
        ledger = ErasureLedger(ground.place.ledger, here.clock)
        await ledger.begin(await here.lanes(here.databases.keys, "api", 1))
        truth = await here.lanes(here.databases.truth, "api", 1)
        erasures = CustomerErasures(
            store, keys, ledger, here.clock, here.appended,
            before_key_is_destroyed=ImportCopies(
                truth, store, keys, SECRET
            ).before_key_is_destroyed,
        )  # fmt: skip
        ready = iter(await keys.make(2 * (ROUNDS + 1)))
        waiting = {
            events: [await _lived(store, next(ready), events) for _ in range(ROUNDS + 1)]
            for events in (FEW, MANY)
        }

        async def erase(events: int) -> float:
            customer_id = waiting[events].pop()
            started = perf_counter()
            erased = await erasures.erase_customer(customer_id, actor=origin().actor)
            passed = perf_counter() - started
            must_be(events + 2, erased.version, "events of an erased customer")
            return passed * 1_000

        few, many = await in_turns(ROUNDS, lambda: erase(FEW), lambda: erase(MANY))
    return {"erasure": pair(many, few)}


async def _lived(store: EventStore, key: SubjectKey, events: int) -> UUID:
    """Return a customer with so many events, each with personal fields."""
    customer_id = uuid7()
    names = (f"Adelheid von Lovelace {n}" for n in range(events))
    life: list[CustomerEvent] = [
        CustomerRegistered(
            kind="person",
            key_commitment=key.commitment,
            personal=RegisteredDetails(name=next(names)),
        ),
        *(CustomerRenamed(personal=NameDetails(name=name)) for name in names),
    ]
    for start in range(0, events, AT_A_TIME):
        await _append(store, key, customer_id, start, life[start : start + AT_A_TIME])
    return customer_id


async def _append(
    store: EventStore,
    key: SubjectKey,
    customer_id: UUID,
    version: int,
    events: Sequence[CustomerEvent],
) -> None:
    encoded = [CODEC.encode(event, uuid7(), key) for event in events]
    await store.append(stream_of(customer_id), str(customer_id), version, encoded, origin(), NOW)


ROW = Row("erasure", CLAIMS, measure)
