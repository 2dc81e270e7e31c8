"""A log that was emptied is noticed even if others filled it and our next round found room in it.

The record at the checkpoint shows only that the last round was taken. Therefore the relay also
looks for its anchor, a record that was there when it last looked: offsets never change within one
life of a log, so an anchor that is found means that everything since is there, too (DESIGN §4).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the outbox has the anchors beside its checkpoints
    from collections.abc import Iterable, Mapping, Sequence

    from shared.messaging.outbox import Checkpoint
    from shared.postgres.lanes import Lanes

LOAD = """select partition, epoch, feed_position, kafka_offset from relay_anchors
    where topic = $1"""
KEEP = """insert into relay_anchors (topic, partition, epoch, feed_position, kafka_offset)
    select $1, a.* from unnest($2::smallint[], $3::integer[], $4::bigint[], $5::bigint[]) as a
    on conflict (topic, partition) do update set epoch = excluded.epoch,
        feed_position = excluded.feed_position, kafka_offset = excluded.kafka_offset"""
FORGET = "delete from relay_anchors where topic = $1 and partition = any ($2::smallint[])"


class Anchors:
    """The anchors of one topic."""

    def __init__(self, lanes: Lanes, topic: str) -> None:
        self._lanes = lanes
        self._topic = topic
        self._known: dict[int, Checkpoint] = {}

    async def before(self, checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
        """Return where else to look: the anchors of these checkpoints that lie before them."""
        rows = await self._lanes.fetch(LOAD, self._topic)
        found = {row["partition"]: row for row in rows}
        anchors = []
        for checkpoint in checkpoints:
            self._known.pop(checkpoint.partition, None)
            row = found.get(checkpoint.partition)
            if row is not None and row["epoch"] == checkpoint.epoch:
                anchor = replace(
                    checkpoint, feed_position=row["feed_position"], kafka_offset=row["kafka_offset"]
                )
                self._known[anchor.partition] = anchor
                if not _is_same(anchor, checkpoint):
                    anchors.append(anchor)
        return anchors

    async def begin(self, held: Mapping[int, Checkpoint], partitions: Iterable[int]) -> None:
        """Make what was sent now the anchor of each partition that has none."""
        await self.keep(held[p] for p in partitions if not self._has(held[p]))

    async def keep(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Make these the anchors: they and their old anchors were found on Kafka."""
        new = [
            c
            for c in checkpoints
            if c.kafka_offset is not None and not _is_same(self._known.get(c.partition), c)
        ]
        if not new:
            return
        await self._lanes.execute(
            KEEP,
            self._topic,
            [c.partition for c in new],
            [c.epoch for c in new],
            [c.feed_position for c in new],
            [c.kafka_offset for c in new],
        )
        self._known |= {c.partition: c for c in new}

    async def forget(self, partitions: Sequence[int]) -> None:
        """Let these partitions have no anchor: their log was lost and is filled again."""
        for partition in partitions:
            self._known.pop(partition, None)
        await self._lanes.execute(FORGET, self._topic, partitions)

    def _has(self, checkpoint: Checkpoint) -> bool:
        known = self._known.get(checkpoint.partition)
        return known is not None and known.epoch == checkpoint.epoch


def _is_same(known: Checkpoint | None, checkpoint: Checkpoint) -> bool:
    return known is not None and (known.epoch, known.feed_position, known.kafka_offset) == (
        checkpoint.epoch,
        checkpoint.feed_position,
        checkpoint.kafka_offset,
    )
