"""Whoever was erased leaves nothing in what is kept of the records, in no version of it.

The erasure is told on the permissions' own topic, the records lie on another: what is applied
afterwards is passed over, because each read model of the records looks at `erased_subjects`.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

import asyncpg

from services.permissions.projections.of_records import NAMES
from shared.events import Event
from shared.eventstore.codec import EventCodec
from shared.projecting.applied import AppliedEvent

NAME: Final = "erased_people"
# In the order in which the read models write, so that nobody waits for each other.
TABLES: Final = """
    select format('%I.%I', n.nspname, c.relname) from public.projection_versions v
    join pg_namespace n on n.nspname = v.projection || '_' || v.version
    join pg_class c on c.relnamespace = n.oid and c.relkind = 'r'
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'subject' and not a.attisdropped
    where v.projection = any($1::text[]) and v.state <> 'dropped'
    order by v.projection, v.version, c.relname"""
# Whoever writes at this moment ends first, and whoever comes afterwards sees who was erased.
LOCK: Final = "lock table {table} in share row exclusive mode"
FORGET: Final = "delete from {table} where subject::text = any($1::text[])"


class SubjectErased(Event):
    """Nothing is kept of the person any more."""

    erases_subject: ClassVar[bool] = True


CODEC: Final = EventCodec([SubjectErased])


class ErasedPeople:
    """The read model as a projection; its only deed is to forget."""

    name = NAME

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Keep nothing: who was erased is noted for all read models of this database."""

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Delete what any version of any read model of the records has of them."""
        for (table,) in await connection.fetch(TABLES, NAMES):
            await connection.execute(LOCK.format(table=table))
            await connection.execute(FORGET.format(table=table), subjects)
