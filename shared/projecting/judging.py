"""What comes is judged by the marks of the partitions that this reader has, before it is applied.

Reading goes on behind a gap, because what is missing may lie there: a log that was emptied may
begin with a round that was sent before anybody knew. The furthest event that was passed over is
kept in mind until the mark has reached it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from shared.clock import Clock
from shared.messaging.headers import ReceivedEvent, received
from shared.messaging.outbox import Checkpoint
from shared.messaging.verdicts import Verdict, judge
from shared.projecting.gaps import Gap, Gaps, place_of
from shared.projecting.marks import Mark

Moves = Mapping[int, tuple[Mark, Mark]]


class Judging:
    """The marks that one reader works with, as they are in the database or were a moment ago."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._source = source
        self._gaps = Gaps(clock)
        self._epoch = 0
        self.marks: dict[int, Mark] = {}

    def begin(self, marks: Mapping[int, Mark], partitions: Collection[int]) -> None:
        """Go on with these of all partitions of a version, from their marks as just read."""
        self._epoch = max((mark.epoch for mark in marks.values()), default=0)
        self.marks = {p: mark for p, mark in marks.items() if p in partitions}
        self._gaps.begin(self.marks)

    @property
    def places(self) -> list[Checkpoint]:
        """Where the record of each mark should lie."""
        return [mark.place for mark in self.marks.values()]

    def next_of(self, partition: int, batch: Sequence[object]) -> list[ReceivedEvent]:
        """Return what is next in this partition; keep in mind what came too early."""
        mark = self.marks[partition]
        committed = (mark.epoch, mark.feed_position)
        at = (self._of_one_life(mark).epoch, mark.feed_position)
        events = []
        for record in batch:
            event = received(record)
            if event is None or event.source != self._source:
                continue
            verdict = judge(*at, event.epoch, event.feed_position)
            if verdict is Verdict.APPLY:
                at = place_of(event)
                events.append(event)
            elif verdict is not Verdict.DROP:
                self._gaps.pass_over(event)
            elif place_of(event) == committed:
                # The newest that is committed, come again: this is where it lies now.
                self.marks[partition] = mark.after(event)
        self._gaps.reached(partition, at)
        return events

    def moved(self, moves: Moves) -> None:
        """Take note that these marks moved in the database."""
        for partition, (_, mark) in moves.items():
            self._epoch = max(self._epoch, mark.epoch)
            self.marks[partition] = mark
            self._gaps.moved(partition)

    def has_gap(self, partition: int) -> bool:
        """Say whether something of this partition came too early."""
        return partition in self._gaps

    def gap(self, partition: int) -> Gap:
        """Return what this partition, which has a gap, waits for."""
        return self._gaps.look(self._of_one_life(self.marks[partition]))

    def _of_one_life(self, mark: Mark) -> Mark:
        """Return the mark as one of the epoch that the whole version is of, if it is of any."""
        return replace(mark, epoch=mark.epoch or self._epoch)
