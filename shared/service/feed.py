"""Routes that serve a service's own log: the feed and its digests."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError
from shared.eventstore.feed import MAX_PAGE, Feed
from shared.eventstore.store import EventStore
from shared.service.feed_pages import Asked, FeedPages
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller, Guard
from shared.web.documents import PAGE_SIZE, Parameter
from shared.web.queries import whole_number
from shared.web.routes import Routes

LONGEST_DIGEST = 100_000
PARTITION = Parameter("partition", "query", "The partition, from 0.", int, is_required=True)
TOPIC = Parameter(
    "topic", "query", "The topic, for example daybook.customers.v1.", is_required=True
)
FROM = Parameter("from", "query", "The first feed position wanted; 1 is the first there is.", int)
TO = Parameter("to", "query", "The last feed position wanted.", int)


class FeedPage(BaseModel):
    """A page of the feed; `next_from` is where to go on, also when nothing more is there yet."""

    topic: str
    partition: int
    epoch: int
    items: list[dict[str, Any]]
    next_from: int


class DigestPage(BaseModel):
    """Digests per range of 1,000 feed positions.

    `sha256` is over, for each event in order, the 16 bytes of its id and the SHA-256 of its value.
    """

    topic: str
    partition: int
    epoch: int
    items: list[dict[str, Any]]


class FeedRoutes:
    """The handlers of the feed routes."""

    def __init__(self, store: EventStore, feeds: Mapping[Feed, int], guard: Guard) -> None:
        """Serve these feeds, each with its number of partitions."""
        self._store = store
        self._partitions = {feed.topic: count for feed, count in feeds.items()}
        self._feeds = {feed.topic: feed for feed in feeds}
        self._guard = guard
        self._pages = FeedPages(store)

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "GET", "/v1/feed", "read_feed", Permission.FEED_READ, self.read,
            parameters=[TOPIC, PARTITION, FROM, PAGE_SIZE],
            answers={200: Answer("A page of the feed.", FeedPage)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", "/v1/feed/digest", "digest_feed", Permission.FEED_READ, self.digest,
            parameters=[TOPIC, PARTITION, FROM, TO],
            answers={200: Answer("Digests per range.", DigestPage)}, everywhere=True,
        )  # fmt: skip

    async def read(self, request: Request, caller: Caller) -> Response:
        """Read one partition's events in feed order, as far as they are numbered.

        Records (daybook.access.v1) need the permission access_record:read as well.
        """
        feed = self._feed(request, caller)
        partition = self._partition(request, feed)
        start = whole_number(request, "from", at_least=1) or 1
        limit = min(whole_number(request, "page_size", at_least=1) or MAX_PAGE, MAX_PAGE)
        return JsonAnswer(await self._pages.page(Asked(feed, partition, start, limit)))

    async def digest(self, request: Request, caller: Caller) -> Response:
        """Count and hash ranges of the feed, so that two sides can compare without copying."""
        feed = self._feed(request, caller)
        partition = self._partition(request, feed)
        start = whole_number(request, "from", at_least=1) or 1
        end = whole_number(request, "to", at_least=1) or start + LONGEST_DIGEST - 1
        if end < start or end - start >= LONGEST_DIGEST:
            raise InvalidInputError(
                f"A digest covers 1 to {LONGEST_DIGEST} feed positions.",
                field="to",
                fix="Ask for a smaller range, several times.",
            )
        digests = await feed.digest(partition, start, end)
        items = [
            {"from": d.feed_from, "to": d.feed_to, "count": d.count, "sha256": d.digest.hex()}
            for d in digests
        ]
        return JsonAnswer(
            {
                "topic": feed.topic,
                "partition": partition,
                "epoch": await self._store.epoch(),
                "items": items,
            }
        )

    def _feed(self, request: Request, caller: Caller) -> Feed:
        feed = self._feeds.get(request.query_params.get("topic", ""))
        if feed is None:
            raise InvalidInputError(
                "This service does not write that topic.",
                field="topic",
                fix=f"Send topic={' or topic='.join(self._feeds)}.",
            )
        if feed.table == "records":
            self._guard.require(caller, Permission.RECORDS_READ, everywhere=True)
        return feed

    def _partition(self, request: Request, feed: Feed) -> int:
        count = self._partitions[feed.topic]
        partition = whole_number(request, "partition")
        if partition is None or partition >= count:
            raise InvalidInputError(
                "The topic has no such partition.",
                field="partition",
                fix=f"Send a partition from 0 to {count - 1}.",
            )
        return partition
