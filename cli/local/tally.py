"""How many events must still be here is known outside the databases, so that a loss is measured."""

from pathlib import Path

import asyncpg
from pydantic import BaseModel, ValidationError

from shared.errors import UnavailableError
from shared.service.service import Service

STORED = "select s.epoch, (select count(*) from events) from store s"
# Feed positions have no gaps, so their sum is how many events Kafka acknowledged, at the price of
# a row a partition. A partition counts while a relay leads it, and nothing counts while one relay
# takes over from another: its checkpoints may still tell of a broker that is gone.
PUBLISHED = """
    select s.epoch, coalesce(sum(c.feed_position) filter (where c.lease_until > now()), 0)
    from store s left join relay_checkpoints c on c.epoch = s.epoch and c.topic = $1
    group by s.epoch having count(distinct c.owner) <= 1"""


class Tally(BaseModel):
    """So many events existed for certain, in this life of the store."""

    epoch: int
    events: int

    def lost_until(self, later: "Tally") -> int:
        """Return how many of these events are gone; another epoch is another life (a restore)."""
        return max(0, self.events - later.events) if self.epoch == later.epoch else 0


async def count_stored(admin_dsn: str, service: Service) -> Tally:
    """Count the events in the store of a service that has been migrated.

    Raises:
        UnavailableError: the store does not answer.
    """
    tally = await _ask(admin_dsn, service.name, STORED)
    if tally is None:
        raise RuntimeError("a migrated store has one row that names its epoch")
    return tally


async def count_published(admin_dsn: str, service: Service) -> Tally | None:
    """Return how many events the broker acknowledged, or None while the relay changes hands.

    Raises:
        UnavailableError: the store does not answer.
    """
    return await _ask(admin_dsn, service.name, PUBLISHED, service.topic.name)


def read_tally(path: Path) -> Tally | None:
    """Return what the last run knew, or None when there was none."""
    try:
        return Tally.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def keep_tally(path: Path, tally: Tally) -> None:
    """Remember it, unless more is known already (a refill publishes from the first event again)."""
    known = read_tally(path)
    if known is None or known.epoch != tally.epoch or known.events < tally.events:
        draft = path.with_suffix(".new")
        draft.write_text(tally.model_dump_json())
        draft.replace(path)


async def _ask(admin_dsn: str, database: str, question: str, *arguments: str) -> Tally | None:
    try:
        connection = await asyncpg.connect(admin_dsn, database=database)
        try:
            row = await connection.fetchrow(question, *arguments)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnavailableError(
            f"The event store does not answer ({type(error).__name__}).", fix="daybook logs truth"
        ) from error
    return Tally(epoch=row[0], events=row[1]) if row else None
