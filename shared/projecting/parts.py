"""What every version of one read model is made with, the same in live and in a rebuild."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from shared.clock import Clock
from shared.eventstore.codec import Ciphers, EventCodec
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing
from shared.postgres.lanes import Lanes
from shared.projecting.applied import Projection
from shared.projecting.marks import Followed
from shared.projecting.store_feed import SourceFeed
from shared.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class ProjectionParts:
    """One read model in one process.

    `views` sees what all versions share; `open_views` opens connections with the settings of one
    version, `discarded` returns the ids of events that operators discarded. Versions whose
    tables are of another `shape` are left to processes that know it.
    """

    projection: Projection
    followed: Followed
    codec: EventCodec
    ciphers: Ciphers
    feed: SourceFeed
    views: Lanes
    open_views: Callable[[Mapping[str, str]], Awaitable[Lanes]]
    discarded: Callable[[], Awaitable[Collection[str]]]
    kafka: KafkaSettings
    clock: Clock
    tracing: Tracing
    metrics: Metrics = UNMEASURED
    shape: int = 1
