"""Every read-model database knows who was erased, from the transaction on that applies it."""

from collections.abc import Mapping
from datetime import datetime

import asyncpg

# Sorted, so that two writers take their locks in the same order.
NOTE = """insert into public.erased_subjects (subject, erased_at)
    select * from unnest($1::text[], $2::timestamptz[]) on conflict do nothing"""


async def note_erased(connection: asyncpg.Connection, erased: Mapping[str, datetime]) -> None:
    """Note who was erased when, in the running transaction; noting it twice changes nothing."""
    subjects = sorted(erased)
    await connection.execute(NOTE, subjects, [erased[subject] for subject in subjects])
