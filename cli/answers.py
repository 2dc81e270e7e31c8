"""The answers of the service, as far as our commands read them; what is new there is kept as is."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Something the service said; members that we do not know are kept, never an error."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def as_json(self) -> str:
        """Return what the service said, and nothing that it did not say."""
        return self.model_dump_json(exclude_unset=True)


class FieldProblem(Answer):
    """One field that is wrong with what was sent."""

    field: str
    problem: str
    fix: str = ""


class Problem(Answer):
    """A refusal in the form of RFC 9457, with the members that mend it."""

    type: str
    title: str = ""
    status: int = 0
    detail: str | None = None
    field: str | None = None
    fix: str | None = None
    who_can_help: str | None = None
    trace_id: str | None = None
    errors: list[FieldProblem] = []


class Token(Answer):
    """What the issuer hands out."""

    access_token: str


class Dated(Answer):
    """Something read from a read model, which may be behind."""

    data_as_of: datetime | None = None
    """Until when it is complete; None: it is a minute behind at most."""


class Stop(Answer):
    """One stop of a change's journey: there (when is unknown for old ones) or waited for."""

    state: str
    at: datetime | None = None
    milliseconds: float | None = None


class ReadModelStop(Stop):
    """One read model on the journey."""

    name: str


class Journey(Answer):
    """Where one change of one customer is now."""

    customer_id: str
    version: int
    event_id: str
    partition: int
    feed_position: int | None = None
    stored: Stop
    kafka: Stop
    read_models: list[ReadModelStop]


class Horizon(Answer):
    """How far an open transaction holds all readers of the store back."""

    lag_ms: float = 0
    blocking_pid: int | None = None


class RelayLag(Answer):
    """One partition on its way from the store to Kafka."""

    topic: str
    partition: int
    stored: int
    on_kafka: int
    behind: int
    is_at_least: bool = False
    seconds: float = 0.0


class PartitionLag(Answer):
    """One partition on its way from Kafka into a read model."""

    partition: int
    applied: int
    behind: int
    is_at_least: bool = False
    seconds: float = 0.0


class ProjectionLag(Answer):
    """One read model."""

    name: str
    partitions: list[PartitionLag]


class Canary(Answer):
    """The last canary that made the whole trip."""

    age_seconds: float | None = None
    trip_ms: float | None = None
    way: str = "store → Kafka → read model"


class Lag(Answer):
    """How far every part is behind the store."""

    service: str
    epoch: int
    horizon: Horizon = Horizon()
    relay: list[RelayLag]
    projections: list[ProjectionLag]
    canary: Canary | None = None


class Changed(Answer):
    """One message of the watch: that a customer changed, never what."""

    id: str
    type: str
    version: int


class Order(Answer):
    """One order to the projector, and what became of it."""

    id: str
    projection: str
    kind: str
    argument: dict[str, Any] = {}
    ordered_by: str = ""
    state: str
    progress: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    fix: str | None = None


class Projection(Dated):
    """One read model: its versions, and the latest orders about it."""

    name: str
    versions: list[dict[str, Any]] = []
    orders: list[Order] = []


class ProjectionList(Answer):
    """Every read model."""

    items: list[Projection]


class ParkedStream(Answer):
    """A stream that a version of a read model could not apply, and the event that failed."""

    projection: str
    version: int
    stream: str
    event_id: str
    type: str
    stream_version: int
    error: str
    place: str
    attempts: int = 0
    first_failed_at: datetime
    last_failed_at: datetime
    events: int


class ParkedPage(Answer):
    """Some parked streams, and where the next page starts."""

    items: list[ParkedStream]
    next_page_token: str | None = None


class ConsumerOwner(Answer):
    """Whom to ask about a consumer."""

    team: str
    contact: str = ""


class ConsumedTopic(Answer):
    """One topic that a consumer reads: when it was last heard of, and how far it is behind."""

    topic: str
    state: str
    reads: dict[str, list[str]] = {}
    lag_events: int | None = None
    last_seen: datetime | None = None
    age_seconds: float | None = None
    running_versions: list[str] = []


class RegisteredConsumer(Answer):
    """A consumer as its team registered it, and how it stands."""

    name: str
    owner: ConsumerOwner
    version: str = ""
    topics: list[ConsumedTopic] = []


class ConsumerList(Answer):
    """Every registered consumer of a service's topics."""

    items: list[RegisteredConsumer]
