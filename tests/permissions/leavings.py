"""What processes tell of somebody who left, as the read model gets it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg

from services.permissions.projections.incoming_records import RECORDS_CODEC
from services.permissions.projections.leavings import INACTIVE, Leavings
from services.permissions.projections.of_records import LEAVINGS, name_of
from shared.authorization.people import DEMO_PEOPLE
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import LeavingApplied, WorkEnded
from shared.messaging.headers import ReceivedEvent
from shared.projecting.applied import AppliedEvent, apply_events
from shared.projecting.versions import settings_of
from tests.ground.servers import Databases

LEO: Final = DEMO_PEOPLE["leo"].subject
API: Final = "customers/api/1"
NOON: Final = datetime(2026, 3, 3, 12, tzinfo=UTC)


def ms(number: int) -> timedelta:
    return timedelta(milliseconds=number)


def applies(at: datetime, process: str = API, **more: Any) -> LeavingApplied:  # noqa: ANN401
    its = {"subject": LEO, "service_accounts": 1, "epoch": 1, "position": 7, **more}
    return LeavingApplied(process=process, applied_at=at, **its)


def ends(at: datetime, kind: str, process: str = API, **more: Any) -> WorkEnded:  # noqa: ANN401
    its = {"subject": LEO, "operation": f"{kind}_customers", **more}
    return WorkEnded(process=process, kind=kind, ended_at=at, **its)


def refuses(at: datetime, process: str | None = API, **more: Any) -> DecisionRecorded:  # noqa: ANN401
    its = {"subject": LEO, "permission": "customer:read", "code": INACTIVE, **more}
    return DecisionRecorded(
        process=process, is_allowed=False, epoch=1, position=7, decided_at=at, **its
    )


def refuses_often(
    times: int, first: datetime, last: datetime, **more: Any  # noqa: ANN401
) -> DecisionsCounted:  # fmt: skip
    its = {"subject": LEO, "permission": "customer:read", "code": INACTIVE, "process": API, **more}
    return DecisionsCounted(is_allowed=False, times=times, first_at=first, last_at=last, **its)


def as_applied(record: Event, place: int = 0) -> AppliedEvent:
    """Return a record as a projection gets it."""
    name = type(record).__name__
    text = record.model_dump_json()
    received = ReceivedEvent(
        "/daybook/customers", 1, "access", 0, 0, 1, 1, 1, str(uuid5(UUID(LEO), f"{place} {text}")),
        name, 1, f"records-{LEO}", 1, LEO, NOON.isoformat(), None, b"",
    )  # fmt: skip
    return AppliedEvent(received, RECORDS_CODEC.types[name].model_validate_json(text))


async def keep(databases: Databases, service: str, records: Sequence[Event]) -> None:
    """Have the read model of a service keep these."""
    settings = dict(settings_of(name_of(LEAVINGS, service), 1))
    dsn = databases.views_dsn.format(role="projector")
    connection = await asyncpg.connect(dsn, server_settings=settings)
    try:
        told = [as_applied(one, place) for place, one in enumerate(records)]
        await apply_events(Leavings(service), connection, told)
    finally:
        await connection.close()
