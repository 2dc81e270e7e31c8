"""Whoever builds something from the whole store reads big pages of many partitions at a time."""

from collections.abc import Sequence

import asyncpg

from shared.postgres.lanes import Lanes

# Per place: the events behind it, in log order, up to the horizon; always a row with the epoch.
PAGE = """
    select s.epoch, e.*
    from store s
    left join lateral (
        select r.*
        from unnest($1::smallint[], $2::xid8[], $3::bigint[], $4::int[])
            as c (partition, txid, position, wanted)
        cross join lateral (
            select e.partition, e.txid, e.position, e.event_id::text, e.type, e.schema_version,
                e.stream, e.version, e.subject, e.recorded_at, e.traceparent, e.data
            from events e
            where e.partition = c.partition and (e.txid, e.position) > (c.txid, c.position)
                and e.txid < pg_snapshot_xmin(pg_current_snapshot())
            order by e.txid, e.position limit c.wanted) r) e on true"""

Place = tuple[int, int, int]
"""Partition, txid, position: behind this one."""


async def read_page(
    lanes: Lanes, places: Sequence[Place], wanted: Sequence[int]
) -> tuple[int, list[asyncpg.Record]]:
    """Return the store's epoch and, partition by partition in order, so many events behind each.

    Columns: epoch, partition, txid, position, event_id, type, schema_version, stream, version,
    subject, recorded_at, traceparent, data.

    Raises:
        UnavailableError: the store does not answer.
    """
    rows = await lanes.fetch(
        PAGE,
        [partition for partition, _, _ in places],
        [txid for _, txid, _ in places],
        [position for _, _, position in places],
        list(wanted),
    )
    epoch: int = rows[0]["epoch"]
    return epoch, [row for row in rows if row["partition"] is not None]
