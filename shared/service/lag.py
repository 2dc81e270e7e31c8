"""Who is behind whom, counted: store, relay, read models, and what holds the horizon back."""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.projecting.canary import CanaryKeeper
from shared.projecting.lag import Horizon, LagMeter, PartitionLag, WayLag
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.routes import Routes


class Lag(BaseModel):
    """How far the relay and the read models are behind the store, in events and seconds.

    `is_at_least`: so many were counted and there are more.
    """

    service: str
    epoch: int
    horizon: dict[str, Any]
    relay: list[dict[str, Any]]
    projections: list[dict[str, Any]]
    canary: dict[str, Any] | None


class LagRoutes:
    """The handler of the lag route."""

    def __init__(self, service: str, meter: LagMeter, canary: CanaryKeeper) -> None:
        self._service = service
        self._meter = meter
        self._canary_keeper = canary

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/lag", "get_lag", Permission.LAG_READ, self.lag,
            answers={200: Answer("Who is behind whom.", Lag)}, everywhere=True,
        )  # fmt: skip

    async def lag(self, _request: Request, _caller: Caller) -> Response:
        """Say how far the relay and the read models are behind the store."""
        lags = await self._meter.measure()
        return JsonAnswer(
            {
                "service": self._service,
                "epoch": lags.epoch,
                "horizon": _horizon(lags.horizon),
                "relay": [_sent(way, part) for way in lags.relay for part in way.partitions],
                "projections": [_applied(way) for way in lags.projections],
                "canary": self._canary(),
            }
        )

    def _canary(self) -> dict[str, Any] | None:
        trip = self._canary_keeper.last
        if trip is None:
            return None
        return {
            "age_seconds": round(self._canary_keeper.age_seconds, 1),
            "trip_ms": round(trip.trip_ms, 1),
            "way": f"store → {self._canary_keeper.last_hop}",
        }


def _horizon(horizon: Horizon) -> dict[str, Any]:
    return {"lag_ms": round(horizon.seconds * 1000), "blocking_pid": horizon.pid}


def _sent(way: WayLag, part: PartitionLag) -> dict[str, Any]:
    told = {"topic": way.topic, "partition": part.partition, "state": way.state}
    return told | {"stored": part.stored, "on_kafka": part.reached, **_behind(part)}


def _applied(way: WayLag) -> dict[str, Any]:
    parts = [
        {"partition": part.partition, "applied": part.reached, **_behind(part)}
        for part in way.partitions
    ]
    return {"name": way.projection, "state": way.state, "partitions": parts}


def _behind(part: PartitionLag) -> dict[str, Any]:
    seconds = round(part.seconds, 3)
    return {"behind": part.behind, "is_at_least": part.is_at_least, "seconds": seconds}
