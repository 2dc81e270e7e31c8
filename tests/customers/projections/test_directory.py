"""The directory folds a batch and writes each customer once, or says why it cannot."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
    NameDetails,
    RegisteredDetails,
)
from services.customers.projections.directory import Directory
from shared.events import Event
from shared.messaging.headers import ReceivedEvent
from shared.projecting.applied import AppliedEvent
from shared.projecting.canary import CanarySent
from shared.testing.clock import NOON

ADA, BEA = UUID(int=1), UUID(int=2)


def came(customer_id: UUID, version: int, event: Event | None) -> AppliedEvent:
    """Return an event as it comes from Kafka, so many hours after noon as its version."""
    received = ReceivedEvent(
        "/daybook/customers", 1, "daybook.customers.v1", 0, version, version, 1, version, "",
        type(event).__name__, 1, f"customer-{customer_id}", version, str(customer_id),
        (NOON + timedelta(hours=version)).isoformat(), None, b"",
    )  # fmt: skip
    return AppliedEvent(received, event)


def registered(name: str) -> CustomerEvent:
    details = RegisteredDetails(name=name)
    return CustomerRegistered(kind="person", key_commitment="c", personal=details)


def renamed(name: str) -> CustomerEvent:
    return CustomerRenamed(personal=NameDetails(name=name))


async def names(views: asyncpg.Connection) -> dict[str, int]:
    rows = await views.fetch("select name, version from directory")
    return {row["name"]: row["version"] for row in rows}


async def test_a_batch_about_several_customers_is_folded_each_for_itself(
    views: asyncpg.Connection,
) -> None:
    batch = [
        came(ADA, 1, registered("Ada")),
        came(BEA, 1, registered("Bea")),
        came(ADA, 2, renamed("Ada King")),
    ]
    await Directory().apply(views, batch)
    assert await names(views) == {"Ada King": 2, "Bea": 1}


async def test_a_later_batch_goes_on_from_the_row_that_is_there(views: asyncpg.Connection) -> None:
    await Directory().apply(views, [came(ADA, 1, registered("Ada"))])
    await Directory().apply(views, [came(ADA, 2, renamed("Ada King"))])
    assert await names(views) == {"Ada King": 2}
    row = await views.fetchrow("select registered_at, changed_at from directory")
    assert row is not None
    assert row["changed_at"] - row["registered_at"] == timedelta(hours=1)


async def test_what_is_no_event_of_a_customer_changes_nothing(views: asyncpg.Connection) -> None:
    canary = came(ADA, 1, CanarySent(sent_at=NOON))
    other = AppliedEvent(replace(canary.received, stream="canary-customers"), canary.event)
    await Directory().apply(views, [other])
    assert await names(views) == {}


async def test_an_event_that_only_a_newer_writer_knows_is_passed_over(
    views: asyncpg.Connection,
) -> None:
    batch = [came(ADA, 1, registered("Ada")), came(ADA, 2, None)]
    await Directory().apply(views, batch)
    assert await names(views) == {"Ada": 2}
    await Directory().apply(views, [came(ADA, 3, None), came(ADA, 4, renamed("Ada King"))])
    assert await names(views) == {"Ada King": 4}


@pytest.mark.parametrize("version", [1, 3])
async def test_a_version_that_cannot_follow_is_poison_and_writes_nothing(
    views: asyncpg.Connection, version: int
) -> None:
    await Directory().apply(views, [came(ADA, 1, registered("Ada"))])
    with pytest.raises(ValueError, match=f"version {version} .* cannot follow version 1"):
        await Directory().apply(views, [came(ADA, version, renamed("Ada King"))])
    assert await names(views) == {"Ada": 1}
