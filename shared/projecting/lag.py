"""How far everybody is behind the store, measured in the store by whoever lives.

A relay or a projector that died cannot say how late it is, so nobody asks it: what counts is the
oldest event that the store has and Kafka, or the read model, does not. Idle is 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.eventstore.tokens import TokenPart
from shared.observability.metrics import Metrics
from shared.observability.names import GaugeName
from shared.postgres.lanes import Lanes
from shared.projecting.marks import Followed, Mark

COUNTED = 1_000
"""How many events behind the feed's index are counted at most: after a dead relay lie millions."""
# The feed's own index says how many events lie before a place, so that only what came since its
# last row is counted. No checkpoint, or one of an earlier life of the store: nothing was sent.
# Kafka gets again what it had: a round or the index says so, or the event is of a former life.
SENT = """
    select p.partition, p.sent, s.feed_position + b.behind as stored, w.since,
        coalesce(greatest(extract(epoch from clock_timestamp() - w.since), 0), 0)::float8
            as seconds,
        b.behind >= {at_most} as is_at_least,
        s.feed_position > p.sent or exists (select from relay_rounds r
            where r.topic = $1 and r.partition = p.partition and r.feed_to > p.sent)
            or exists (select from store_epochs o join store using (epoch)
                where o.epoch > 1 and o.began_at > w.since) as is_refilling
    from (select n::smallint as partition, coalesce(c.feed_position, 0) as sent,
            coalesce(c.txid, '0') as txid, coalesce(c.position, 0) as position
        from generate_series(0, $2::int - 1) as n
        cross join store
        left join relay_checkpoints c
            on c.topic = $1 and c.partition = n and c.epoch = store.epoch) p
    cross join lateral (
        (select i.feed_position, i.txid, i.position from feed_index i
        where i.topic = $1 and i.partition = p.partition and i.feed_position > p.sent
        order by i.feed_position desc limit 1)
        union all select p.sent, p.txid, p.position
        order by feed_position desc limit 1) s
    cross join lateral (select count(*) as behind from (select from {table} e
        where e.partition = p.partition and (e.txid, e.position) > (s.txid, s.position)
        order by e.txid, e.position limit {at_most}) c) b
    left join lateral (select e.recorded_at as since from {table} e
        where e.partition = p.partition and (e.txid, e.position) > (p.txid, p.position)
        order by e.txid, e.position limit 1) w on true
    order by p.partition"""
WAITING = """
    select p.partition, w.since,
        coalesce(greatest(extract(epoch from clock_timestamp() - w.since), 0), 0)::float8 as seconds
    from unnest($1::smallint[], $2::xid8[], $3::bigint[]) as p (partition, txid, position)
    left join lateral (select e.recorded_at as since from {table} e
        where e.partition = p.partition and (e.txid, e.position) > (p.txid, p.position)
        order by e.txid, e.position limit 1) w on true"""
LIFE = "select epoch, began_at from store left join store_epochs using (epoch)"
HORIZON = "select pid, seconds from log_horizon()"
IS_SENT = """select exists (select from relay_checkpoints c where c.topic = $1
    and c.partition = $2 and c.epoch >= $3 and (c.txid, c.position) >= ($4::xid8, $5::bigint))"""

LAG_GAUGES: Final[tuple[GaugeName, ...]] = (
    "daybook_epoch",
    "daybook_horizon_lag_seconds",
    "daybook_horizon_blocking_pid",
    "daybook_lag_events",
    "daybook_lag_seconds",
)


@dataclass(frozen=True, slots=True)
class Log:
    """One log of the store: the table whose rows go to a topic of so many partitions."""

    topic: str
    table: str
    partitions: int


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition on one way: numbers of events, and since when the oldest one waits.

    `is_at_least`: more are stored than were counted, so `stored` and `behind` are lower bounds.
    """

    partition: int
    stored: int
    reached: int
    seconds: float
    since: datetime | None
    is_at_least: bool

    @property
    def behind(self) -> int:
        """How many events the store has that have not got there."""
        return max(self.stored - self.reached, 0)


@dataclass(frozen=True, slots=True)
class WayLag:
    """One way: a topic to Kafka (`projection` is empty), or on into a read model.

    `state` is live; refilling while Kafka gets again what it had; rebuilding while a read model
    is still that of an earlier epoch.
    """

    topic: str
    projection: str
    state: str
    partitions: Sequence[PartitionLag]
    epoch_began_at: datetime | None = None
    """Of a read model of an earlier epoch: when the store's own began."""

    @property
    def name(self) -> str:
        """What an operator calls it."""
        return f"Kafka → {self.projection}" if self.projection else f"store → {self.topic}"

    @property
    def since(self) -> datetime | None:
        """When the oldest event was recorded that has not got there; None: all have.

        What a read model of an earlier epoch lacks is whatever came since that ended.
        """
        if self.epoch_began_at is not None:
            return self.epoch_began_at
        return min((part.since for part in self.partitions if part.since), default=None)

    @property
    def behind(self) -> int:
        """How many events are on their way."""
        return sum(part.behind for part in self.partitions)

    @property
    def seconds(self) -> float:
        """How long the oldest of them has waited."""
        return max((part.seconds for part in self.partitions), default=0.0)


@dataclass(frozen=True, slots=True)
class Horizon:
    """Whose open transaction holds back every reader of the log, and since when."""

    seconds: float
    pid: int | None


@dataclass(frozen=True, slots=True)
class Lags:
    """All of it, at one moment."""

    epoch: int
    horizon: Horizon
    relay: Sequence[WayLag]
    projections: Sequence[WayLag]


class KnownMarks(Protocol):
    """The marks of a read model, as far as they are known."""

    @property
    def followed(self) -> Followed:
        """What it follows."""
        ...

    @property
    def marks(self) -> Mapping[int, Mark]:
        """The marks by partition."""
        ...

    @property
    def is_informed(self) -> bool:
        """Whether the marks were ever read."""
        ...

    async def look(self) -> None:
        """Know them as they are now, unless somebody keeps them current."""
        ...


class Way(Protocol):
    """A way that the own store cannot measure."""

    async def measure(self) -> WayLag:
        """Say how long it is (raises UnavailableError: the database does not answer)."""
        ...


class LagMeter:
    """Measures; both the lag route and the metrics ask here, so that they say the same."""

    def __init__(
        self,
        truth: Lanes,
        logs: Sequence[Log],
        watchers: Sequence[KnownMarks],
        elsewhere: Sequence[Way] = (),
    ) -> None:
        """Measure these logs, the read models that follow them, and those that follow others'."""
        self._truth = truth
        self._logs = {log.topic: log for log in logs}
        self._watchers = watchers
        self._elsewhere = elsewhere
        self.followed_topic = logs[0].topic

    async def measure(self, at_most: int = COUNTED) -> Lags:
        """Look at the store once, now; count so many events of a partition at most.

        Raises:
            UnavailableError: the store does not answer.
        """
        (life,) = await self._truth.fetch(LIFE)
        epoch, began_at = life["epoch"], life["began_at"]
        relay = [await self._relay(log, at_most) for log in self._logs.values()]
        ways = {way.topic: way for way in relay}
        projections = [
            await self._projection(each, ways[each.followed.topic], epoch, began_at)
            for each in self._watchers
        ]
        projections += [await each.measure() for each in self._elsewhere]
        row = await self._truth.fetchrow(HORIZON)
        is_held = row is not None and row["pid"] is not None
        horizon = Horizon(row["seconds"], row["pid"]) if row and is_held else Horizon(0.0, None)
        return Lags(epoch, horizon, relay, projections)

    async def is_sent(self, token: TokenPart) -> bool:
        """Say whether Kafka acknowledged the event at this place."""
        place = (token.partition, token.epoch, token.txid, token.position)
        return bool(await self._truth.fetchval(IS_SENT, self.followed_topic, *place))

    async def _relay(self, log: Log, at_most: int) -> WayLag:
        # As a parameter the limit is unknown when it is planned, and then all rows are sorted.
        sql = SENT.format(table=log.table, at_most=at_most)
        rows = await self._truth.fetch(sql, log.topic, log.partitions)
        parts = [
            PartitionLag(
                row["partition"], row["stored"], row["sent"], row["seconds"], row["since"],
                row["is_at_least"],
            )
            for row in rows
        ]  # fmt: skip
        is_refilling = any(row["is_refilling"] for row in rows)
        return WayLag(log.topic, "", "refilling" if is_refilling else "live", parts)

    async def _projection(
        self, watcher: KnownMarks, relay: WayLag, epoch: int, began_at: datetime | None
    ) -> WayLag:
        await watcher.look()
        # Without a mark nothing was applied; as long as nobody could read the marks, who knows.
        partitions = range(watcher.followed.partitions if watcher.is_informed else 0)
        marks = {p: watcher.marks.get(p, Mark(p)) for p in partitions}
        is_earlier = any(0 < mark.epoch < epoch for mark in marks.values())
        if is_earlier:
            # It holds another life of the store: nothing of this one has been applied yet.
            marks = {partition: Mark(partition) for partition in partitions}
        rows = await self._truth.fetch(
            WAITING.format(table=self._logs[relay.topic].table),
            list(marks),
            [mark.txid for mark in marks.values()],
            [mark.position for mark in marks.values()],
        )
        waiting = {row["partition"]: row for row in rows}
        stored = {part.partition: part for part in relay.partitions}
        parts = [
            PartitionLag(
                p, stored[p].stored, mark.feed_position, waiting[p]["seconds"],
                waiting[p]["since"], stored[p].is_at_least,
            )
            for p, mark in marks.items()
        ]  # fmt: skip
        name = watcher.followed.projection
        if is_earlier:
            return WayLag(relay.topic, name, "rebuilding", parts, began_at)
        return WayLag(relay.topic, name, "live", parts)


async def set_lag_metrics(meter: LagMeter, metrics: Metrics) -> None:
    """Measure and set the gauges; what could not be measured is not there, never an old number.

    Raises:
        UnavailableError: the store does not answer.
    """
    for name in LAG_GAUGES:
        metrics.clear(name)
    lags = await meter.measure()
    metrics.set("daybook_epoch", lags.epoch)
    metrics.set("daybook_horizon_lag_seconds", lags.horizon.seconds)
    metrics.set("daybook_horizon_blocking_pid", lags.horizon.pid or 0)
    for role, ways in (("relay", lags.relay), ("projector", lags.projections)):
        for way in ways:
            labels = (role, way.topic, way.projection, way.state)
            metrics.set("daybook_lag_events", way.behind, *labels)
            metrics.set("daybook_lag_seconds", way.seconds, *labels)
