"""Who is behind whom, counted: store, relay, read models, and what holds the horizon back."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.eventstore.store import EventStore
from shared.postgres.lanes import Lanes
from shared.projecting.canary import CanaryKeeper
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.routes import Routes

# Per place: how many events lie behind it, and since when the oldest of them waits.
BEHIND = """
    select p.partition, count(e.txid) as behind,
        extract(epoch from clock_timestamp() - min(e.recorded_at))::float8 as seconds
    from unnest($1::smallint[], $2::xid8[], $3::bigint[]) as p (partition, txid, position)
    left join events e on e.partition = p.partition and (e.txid, e.position) > (p.txid, p.position)
    group by p.partition order by p.partition"""
CHECKPOINTS = """select partition, txid, position, feed_position from relay_checkpoints
    where topic = $1 order by partition"""
HORIZON = "select pid, seconds from log_horizon()"


class Lag(BaseModel):
    """How far the relay and the read models are behind the store, in events and seconds."""

    service: str
    epoch: int
    horizon: dict[str, Any]
    relay: list[dict[str, Any]]
    projections: list[dict[str, Any]]
    canary: dict[str, Any] | None


class LagRoutes:
    """The handler of the lag route."""

    def __init__(
        self,
        store: EventStore,
        truth: Lanes,
        topic: str,
        watcher: MarkWatcher,
        read_model: str,
        clock: Clock,
        canary: CanaryKeeper,
    ) -> None:
        self._store = store
        self._truth = truth
        self._topic = topic
        self._watcher = watcher
        self._read_model = read_model
        self._clock = clock
        self._canary_keeper = canary

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/lag", "get_lag", Permission.LAG_READ, self.lag,
            answers={200: Answer("Who is behind whom.", Lag)},
        )  # fmt: skip

    async def lag(self, _request: Request, _caller: Caller) -> Response:
        """Say how far the relay and the read models are behind the store."""
        checkpoints = await self._truth.fetch(CHECKPOINTS, self._topic)
        sent = {row["partition"]: row["feed_position"] for row in checkpoints}
        unsent = await self._behind([tuple(row)[:3] for row in checkpoints])
        stored = {p: sent[p] + unsent[p]["behind"] for p in sent}
        relay = [
            {
                "topic": self._topic,
                "partition": p,
                "stored": stored[p],
                "on_kafka": sent[p],
                **unsent[p],
            }
            for p in sent
        ]
        return JsonAnswer(
            {
                "service": self._store.service,
                "epoch": await self._store.epoch(),
                "horizon": await self._horizon(),
                "relay": relay,
                "projections": [{"name": self._read_model, "partitions": await self._applied()}],
                "canary": self._canary(),
            }
        )

    async def _applied(self) -> list[dict[str, Any]]:
        marks = self._watcher.marks
        places = [(p, mark.txid, mark.position) for p, mark in sorted(marks.items())]
        unapplied = await self._behind(places)
        return [
            {"partition": p, "applied": marks[p].feed_position, **unapplied[p]}
            for p, _, _ in places
        ]

    async def _behind(self, places: Sequence[tuple[int, ...]]) -> dict[int, dict[str, Any]]:
        columns = [list(column) for column in zip(*places, strict=True)] if places else [[]] * 3
        rows = await self._truth.fetch(BEHIND, *columns)
        return {
            row["partition"]: {
                "behind": row["behind"],
                "seconds": round(max(row["seconds"] or 0.0, 0.0), 3),
            }
            for row in rows
        }

    async def _horizon(self) -> dict[str, Any]:
        row = await self._truth.fetchrow(HORIZON)
        if row is None or row["pid"] is None:
            return {"lag_ms": 0, "blocking_pid": None}
        return {"lag_ms": round(row["seconds"] * 1000), "blocking_pid": row["pid"]}

    def _canary(self) -> dict[str, Any] | None:
        trip = self._canary_keeper.last
        if trip is None:
            return None
        return {
            "age_seconds": round(self._clock.monotonic() - trip.arrived_at, 1),
            "trip_ms": round(trip.trip_ms, 1),
        }
