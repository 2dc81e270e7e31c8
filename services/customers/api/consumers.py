"""Routes of the registered consumers: they say how far they are, operators see who is behind."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import InvalidInputError, NotFoundError, NotPermittedError
from shared.eventstore.feed import Feed
from shared.eventstore.store import EventStore
from shared.given import Given, Line, field_error
from shared.messaging.consumers import RegisteredConsumer
from shared.projecting.sightings import FeedEnd, ReportedMark, Sighting, Sightings, standing
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.routes import Routes

MOST_MARKS = 1_000
NAME = Parameter("name", "path", "The consumer's name, as its registration says.")


class MarkBody(Given):
    """How far the consumer is in one partition: the last event whose effect it has kept."""

    partition: int = Field(ge=0, lt=2**15)
    epoch: int = Field(ge=0, lt=2**31)
    feed_position: int = Field(ge=0, lt=2**63)


class SeenBody(Given):
    """What a consumer says about itself, once a minute."""

    version: Annotated[Line, Field(min_length=1, max_length=100)] = Field(
        description="Which version of the consumer runs."
    )
    topic: str | None = Field(None, description="The topic; may be left out if it reads only one.")
    marks: list[MarkBody] = Field(min_length=1, max_length=MOST_MARKS)

    @model_validator(mode="after")
    def says_each_partition_once(self) -> Self:
        """Refuse two marks for one partition: nobody knows which one counts."""
        if len({mark.partition for mark in self.marks}) < len(self.marks):
            raise field_error("names a partition twice", "Send one mark per partition.")
        return self


class ConsumerList(BaseModel):
    """Every registered consumer that reads a topic of this service.

    `state` is never-seen, silent (no report for three minutes), partly-silent (some partitions),
    ahead (its marks lie beyond the feed's end: the store went back, or it reads another Daybook)
    or reading. `lag_events` counts the events behind its marks as last told.
    """

    items: list[dict[str, Any]]


class ConsumerRoutes:
    """The handlers of the consumer routes."""

    def __init__(
        self,
        store: EventStore,
        feeds: Sequence[Feed],
        consumers: Mapping[str, RegisteredConsumer],
        sightings: Sightings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._feeds = {feed.topic: feed for feed in feeds}
        self._consumers = consumers
        self._sightings = sightings
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "PUT", "/v1/consumers/{name}/seen", "report_consumer", Permission.CONSUMERS_REPORT,
            self.seen, body=SeenBody, parameters=[NAME], answers={204: Answer("Noted.")},
        )  # fmt: skip
        routes.add(
            "GET", "/v1/consumers", "list_consumers", Permission.CONSUMERS_READ, self.every,
            answers={200: Answer("The registered consumers.", ConsumerList)}, everywhere=True,
        )  # fmt: skip

    async def seen(self, request: Request, caller: Caller) -> Response:
        """Say how far a registered consumer is; only its own service account may.

        Once a minute is enough; several processes of one consumer report their partitions each.
        """
        consumer = self._registered(request.path_params["name"])
        if caller.subject != consumer.account:
            raise NotPermittedError(
                f"Only the service account of {consumer.name} reports for it.",
                fix=f"Use that account, or mend `account` in {_file(consumer.name)}.",
                who_can_help=f"{consumer.owner.team} ({consumer.owner.contact}), who own it.",
            )
        body = parse(SeenBody, await read_body(request))
        topic = self._topic(consumer, body.topic)
        if any(mark.partition >= self._store.partitions for mark in body.marks):
            raise InvalidInputError(
                "The topic has no such partition.",
                field="marks",
                fix=f"Send partitions from 0 to {self._store.partitions - 1}.",
            )
        marks = [ReportedMark(m.partition, m.epoch, m.feed_position) for m in body.marks]
        await self._sightings.report(consumer.name, topic, body.version, marks, self._clock.now())
        return Response(status_code=204)

    async def every(self, _request: Request, _caller: Caller) -> Response:
        """List who reads this service's topics: whose it is, when it was last seen, its lag."""
        epoch = await self._store.epoch()
        partitions = self._store.partitions
        ends = {
            topic: FeedEnd(epoch, await feed.ends(partitions))
            for topic, feed in self._feeds.items()
        }
        heard = await self._sightings.read()
        items = [
            self._shown(consumer, topics, ends, heard)
            for consumer in self._consumers.values()
            if (topics := [topic for topic in consumer.reads if topic in ends])
        ]
        return JsonAnswer({"items": items})

    def _shown(
        self,
        consumer: RegisteredConsumer,
        topics: Sequence[str],
        ends: Mapping[str, FeedEnd],
        heard: Mapping[tuple[str, str], list[Sighting]],
    ) -> dict[str, Any]:
        return {
            "name": consumer.name,
            "about": consumer.about,
            "owner": {"team": consumer.owner.team, "contact": consumer.owner.contact},
            "version": consumer.version,
            "topics": [
                {
                    "topic": topic,
                    "reads": consumer.reads[topic],
                    **self._standing(heard.get((consumer.name, topic), []), ends[topic]),
                }
                for topic in topics
            ],
        }

    def _standing(self, sightings: Sequence[Sighting], end: FeedEnd) -> dict[str, Any]:
        found = standing(sightings, end, self._clock.now())
        return {
            "state": found.state,
            "lag_events": found.lag_events,
            "last_seen": found.last_seen,
            "age_seconds": found.age_seconds,
            "running_versions": found.versions,
        }

    def _registered(self, name: str) -> RegisteredConsumer:
        consumer = self._consumers.get(name)
        if consumer is None:
            raise NotFoundError(
                "No consumer of that name is registered.",
                code="consumer-not-registered",
                fix=f"Register it: {_file('NAME')}, in a reviewed change (docs/consumers).",
                who_can_help="The team that runs Daybook, which reviews registrations.",
            )
        return consumer

    def _topic(self, consumer: RegisteredConsumer, topic: str | None) -> str:
        here = [one for one in consumer.reads if one in self._feeds]
        if topic is None and len(here) == 1:
            return here[0]
        if topic is None or topic not in here:
            raise InvalidInputError(
                f"{consumer.name} is not registered as a reader of that topic of this service.",
                field="topic",
                fix=f"Send topic={' or topic='.join(here)}." if here else f"See {_file('NAME')}.",
            )
        return topic


def _file(name: str) -> str:
    return f"docs/contracts/consumers/{name}.json"
