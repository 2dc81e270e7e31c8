"""Records of decisions as services write them, and as a read model of them is given them."""

from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.permissions.projections.incoming_records import RECORDS_CODEC
from services.permissions.projections.usage import Usage
from shared.authorization.people import DEMO_PEOPLE
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.messaging.headers import ReceivedEvent
from shared.projecting.applied import AppliedEvent, apply_events
from shared.projecting.versions import settings_of
from tests.ground.servers import Databases

LEO = DEMO_PEOPLE["leo"].subject
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
EVENT = "00000000-0000-7000-8000-000000000001"


def told(at: datetime, *, subject: str = LEO, **more: Any) -> DecisionRecorded:  # noqa: ANN401
    """Return a decision that was told by itself."""
    its = {"permission": "customer:export", "is_allowed": True, "code": "allowed", **more}
    return DecisionRecorded(subject=subject, epoch=1, position=7, decided_at=at, **its)


def counted(
    times: int,
    first: datetime,
    last: datetime,
    *,
    subject: str = LEO,
    **more: Any,  # noqa: ANN401
) -> DecisionsCounted:
    """Return decisions that were counted."""
    its = {"permission": "customer:export", "is_allowed": True, "code": "allowed", **more}
    return DecisionsCounted(subject=subject, times=times, first_at=first, last_at=last, **its)


async def tell_uses(
    databases: Databases, source: str, *records: DecisionRecorded | DecisionsCounted
) -> None:
    """Let the read model of one service's records have these."""
    dsn = databases.views_dsn.format(role="projector")
    its = Usage(source)
    connection = await asyncpg.connect(dsn, server_settings=dict(settings_of(its.name, 1)))
    try:
        await apply_events(its, connection, [applied(record) for record in records])
    finally:
        await connection.close()


def applied(record: DecisionRecorded | DecisionsCounted) -> AppliedEvent:
    """Return the record as a projection gets it."""
    name = type(record).__name__
    event = RECORDS_CODEC.types[name].model_validate_json(record.model_dump_json())
    return AppliedEvent(received(name, record.subject), event)


def received(type_: str, subject: str) -> ReceivedEvent:
    """Return how it came."""
    return ReceivedEvent(
        "/daybook/customers", 1, "access", 0, 0, 1, 1, 1, EVENT,
        type_, 1, f"records-{subject}", 1, subject, NOON.isoformat(), None, b"",
    )  # fmt: skip
