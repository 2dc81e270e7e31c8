"""Every event of the topic is applied once and in order, whatever Kafka does; see README.md."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Stop

import settings
from applying import Applier, Handler
from daybook import Daybook, UnavailableError
from event import Event, Verdict, from_feed, judge
from kafka_log import End, KafkaLog, Log, Record
from state import Folder, Mark, State

log = logging.getLogger("daybook")

LOOK_EVERY_SECONDS = 10.0
ANSWER_WITHIN_SECONDS = 10.0
REPORT_EVERY_SECONDS = 30.0
CONFIRM_AGAIN_SECONDS = 10.0
PAUSES_SECONDS = (0.2, 0.5, 1, 2, 5)


@dataclass
class Following:
    """What is known of one partition, apart from its mark."""

    early: int = 0  # the furthest feed position that came too early
    was_read_again: bool = False
    heard_at: float = 0.0
    looking_for: int | None = None  # the offset where the mark's own record should lie
    looked_at: float = 0.0


class Reader:
    """Reads the topic into the state until it is told to stop."""

    def __init__(
        self,
        handler: Handler,
        folder: Folder,
        daybook: Daybook,
        open_log: Callable[[dict[int, int | None]], Log] = KafkaLog,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._daybook = daybook
        self._applier = Applier(handler, daybook)
        self._open_log = open_log
        self._seconds = seconds
        self._log: Log
        self._followed: dict[int, Following] = {}
        self._higher_epoch = 0
        self._reported_at = seconds()
        self._confirms_at = seconds()
        self._stop = Stop()
        self.state = folder.current()

    def run(self, stop: Stop) -> None:
        """Read until `stop` is set; what fails is told and tried again from the marks."""
        self._stop = stop
        failed = 0
        while not stop.is_set():
            try:
                self.open()
                try:
                    while not stop.is_set():
                        self.step()
                        failed = 0
                finally:
                    self._log.close()
            except UnavailableError as error:
                log.warning("%s; trying again", error)
                stop.wait(PAUSES_SECONDS[min(failed, len(PAUSES_SECONDS) - 1)])
                failed += 1
        self._daybook.seen(self.state.epoch, self.state.marks())

    def open(self) -> None:
        """Begin in each partition at the record of its mark, or with the earliest."""
        offsets = {p: mark.offset for p, mark in self.state.marks().items()}
        places = {partition: offsets.get(partition) for partition in range(settings.PARTITIONS)}
        now = self._seconds()
        self._followed = {
            partition: Following(heard_at=now, looking_for=offset, looked_at=now)
            for partition, offset in places.items()
        }
        self._log = self._open_log(places)

    def step(self) -> None:
        """Take what came, in one transaction; then see to ends, epochs, looks and reports."""
        arrived = self._log.read()
        ends = {one.partition for one in arrived if isinstance(one, End)}
        records = [one for one in arrived if isinstance(one, Record)]
        for one in arrived:
            self._followed[one.partition].heard_at = self._seconds()
        if records:
            self._take_all(records)
        if self._higher_epoch > self.state.epoch > 0:
            self._start_over(self._higher_epoch)
            return
        for partition in ends:
            self._at_the_end(partition)
        self._look()
        self._confirm()
        self._report()

    def _take_all(self, records: list[Record]) -> None:
        try:
            with self.state.transaction():
                marks = self.state.marks()
                for record in records:
                    self._take(record, marks)
        finally:
            self._daybook.forget_keys()

    def _take(self, record: Record, marks: dict[int, Mark]) -> None:
        followed = self._followed[record.partition]
        mark = marks.get(record.partition, Mark())
        event = record.event
        if followed.looking_for is not None:
            place = (record.offset, *_place(event))
            if place != (followed.looking_for, self.state.epoch, mark.feed_position):
                self._read_from_start(record.partition, "the log is another one")
            followed.looking_for = None
        if event is None or event.source != settings.SOURCE:
            return
        verdict = judge(self.state.epoch, mark.feed_position, event)
        if verdict is Verdict.NEW_EPOCH:
            self._higher_epoch = max(self._higher_epoch, event.epoch)
        elif verdict is Verdict.GAP:
            followed.early = max(followed.early, event.feed_position)
        elif verdict is Verdict.APPLY:
            self._apply(self.state, event)
            marks[event.partition] = Mark(event.feed_position, event.offset)
        elif _place(event) == (self.state.epoch, mark.feed_position):
            self.state.move(event)  # come again: this is where it lies now

    def _apply(self, state: State, event: Event) -> None:
        if state.epoch == 0:
            state.begin_epoch(event.epoch)
        self._applier.apply(state, event)
        state.move(event)
        followed = self._followed[event.partition]
        if followed.early <= event.feed_position:
            followed.early = 0

    def _at_the_end(self, partition: int) -> None:
        """See to what came too early: read the partition once more, then ask the feed."""
        followed = self._followed[partition]
        if followed.looking_for is not None:
            followed.looking_for = None
            self._read_from_start(partition, "the log is shorter than it was")
        elif not followed.early:
            followed.was_read_again = False
        elif not followed.was_read_again:
            self._read_from_start(partition, "a gap")
        else:
            self._fill(self.state, partition)
            if followed.early:
                log.error("partition %d waits for what the feed does not have", partition)

    def _read_from_start(self, partition: int, why: str) -> None:
        log.warning("%s: partition %d is read again from its earliest record", why, partition)
        self._followed[partition].was_read_again = True
        self._log.go_to(partition, None)

    def _fill(self, state: State, partition: int) -> bool:
        """Apply what the feed has behind the mark; False if there is a reason to stop."""
        while not self._stop.is_set():
            start = state.marks().get(partition, Mark()).feed_position + 1
            page = self._daybook.page(partition, start)
            if page["epoch"] < state.epoch:
                raise UnavailableError("the feed is of an earlier epoch than Kafka")
            if page["epoch"] > state.epoch > 0:
                self._higher_epoch = page["epoch"]
                return False
            if not page["items"]:
                return True
            with state.transaction():
                for item in page["items"]:
                    self._apply(state, from_feed(settings.SOURCE, page, item))
            self._daybook.forget_keys()
        return False

    def _start_over(self, epoch: int) -> None:
        """Fold everything anew beside what answers, from the feed, and swap when that is level."""
        log.warning("epoch %d began (Daybook was restored): starting over beside", epoch)
        new = self._folder.beside(self.state, epoch)
        for partition in range(settings.PARTITIONS):
            if not self._fill(new, partition):
                new.close()  # it goes on from there, or from nothing if the epoch rose again
                return
        self._folder.swap(self.state, new)
        self.state = new
        log.warning("epoch %d is read; it answers from now on", epoch)
        for partition in self._followed:
            self._followed[partition] = Following(heard_at=self._seconds())
            self._log.go_to(partition, None)

    def _look(self) -> None:
        """See whether the record of a silent partition's mark still lies where it lay.

        A log that was emptied and filled again may be as long as before: then nothing ever says so.
        """
        now, marks = self._seconds(), self.state.marks()
        for partition, followed in self._followed.items():
            if followed.looking_for is not None:
                if now - followed.looked_at >= ANSWER_WITHIN_SECONDS:
                    self._log.assert_alive()
                    followed.looking_for = None
                    self._read_from_start(partition, "the log does not reach to the mark")
            elif now - max(followed.heard_at, followed.looked_at) >= LOOK_EVERY_SECONDS:
                followed.looked_at = now
                followed.looking_for = marks.get(partition, Mark()).offset
                if followed.looking_for is not None or followed.early:
                    self._log.go_to(partition, followed.looking_for)

    def _confirm(self) -> None:
        """Confirm erasures, which are not complete without us, as soon as they are kept here."""
        if self._seconds() < self._confirms_at:
            return
        for subject in self.state.receipts():
            if not self._daybook.confirm(subject):
                self._confirms_at = self._seconds() + CONFIRM_AGAIN_SECONDS
                return
            with self.state.transaction():
                self.state.confirmed(subject)

    def _report(self) -> None:
        if self._seconds() - self._reported_at >= REPORT_EVERY_SECONDS:
            self._reported_at = self._seconds()
            self._daybook.seen(self.state.epoch, self.state.marks())


def _place(event: Event | None) -> tuple[int, int]:
    return (event.epoch, event.feed_position) if event else (-1, -1)
