"""Who was shown one person is read from the records, oldest first."""

from typing import Final, cast

from shared.events import RecordedEvent
from shared.eventstore.record_types import RECORDS, AccessRecorded
from shared.eventstore.rows import EVENT_COLUMNS, event_of
from shared.postgres.lanes import Lanes

MOST: Final = 10_000
OF_SUBJECT = f"""select {EVENT_COLUMNS} from records e
    where e.subject = $1 and e.type = '{AccessRecorded.__name__}'
    order by e.txid desc, e.position desc limit $2"""


class AccessRecords:
    """The records of access to one person at a time."""

    def __init__(self, lanes: Lanes) -> None:
        """Read as the api does."""
        self._lanes = lanes

    async def of(self, subject: str) -> list[tuple[RecordedEvent, AccessRecorded]]:
        """Return the latest 10,000 accesses to this person, oldest first."""
        rows = await self._lanes.fetch(OF_SUBJECT, subject, MOST)
        recorded = [event_of(row) for row in reversed(rows)]
        # Nothing in a record is personal, so no key is needed.
        events = [RECORDS.plain(record) for record in recorded]
        return [
            (record, cast("AccessRecorded", event))
            for record, event in zip(recorded, events, strict=True)
        ]
