"""What another service's store has behind a mark comes over HTTP, from that service's own feed.

No service reads another's database: what Kafka lost, and the whole of it for a rebuild, is asked of
the one that wrote it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
import orjson

from shared.errors import UnavailableError
from shared.messaging.headers import ReceivedEvent
from shared.projecting.marks import Followed, Mark
from shared.projecting.store_feed import UNKNOWN_OFFSET, FeedPage

PATH: Final = "/v1/feed"
LARGEST_PAGE: Final = 1_000
_OK: Final = 200
_REFUSED: Final = 401


class HttpFeed:
    """Asks `{url}/v1/feed` with the token of a service account.

    Args:
        http: what it is asked with.
        url: where the service answers that wrote the events.
        token: returns a token that holds.
        forget: is told that the token was refused.
        followed: whose events, and on which topic.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: Callable[[], Awaitable[str]],
        forget: Callable[[], None],
        followed: Followed,
    ) -> None:
        self._http = http
        self._url = url.rstrip("/") + PATH
        self._token = token
        self._forget = forget
        self._source = followed.source
        self._topic = followed.topic

    async def behind(self, marks: Mapping[int, Mark], wanted: Mapping[int, int]) -> FeedPage:
        """Return up to `wanted` events of each partition there, behind its mark.

        A page has at most a thousand events of a partition, so it may be short and not the last.

        Raises:
            UnavailableError: the service does not answer, or refuses.
        """
        asked = {p: min(n, LARGEST_PAGE) for p, n in wanted.items() if n > 0}
        starts = {p: marks[p].feed_position + 1 for p in asked} or {0: 1}
        pages = await asyncio.gather(
            *(self._page(p, start, asked.get(p, 1)) for p, start in starts.items())
        )
        epochs = {int(page["epoch"]) for page in pages}
        if len(epochs) > 1:
            raise _unavailable("was restored at this moment")
        (epoch,) = epochs
        events = [
            self._received(epoch, page["partition"], item)
            for page in pages
            if page["partition"] in asked
            for item in page["items"]
        ]
        return FeedPage(epoch, events)

    async def _page(self, partition: int, start: int, limit: int) -> dict[str, Any]:
        query: dict[str, str | int] = {
            "topic": self._topic, "partition": partition, "from": start, "page_size": limit,
        }  # fmt: skip
        try:
            headers = {"Authorization": f"Bearer {await self._token()}"}
            answer = await self._http.get(self._url, params=query, headers=headers)
        except httpx.HTTPError as error:
            raise _unavailable(f"does not answer ({type(error).__name__})") from error
        if answer.status_code == _REFUSED:
            self._forget()
        if answer.status_code != _OK:
            raise _unavailable(f"answers {answer.status_code}")
        try:
            page: dict[str, Any] = orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise _unavailable("answers what is no page of a feed") from error
        return page

    def _received(self, epoch: int, partition: int, item: Mapping[str, Any]) -> ReceivedEvent:
        txid, _, position = item["store_position"].partition(":")
        return ReceivedEvent(
            self._source, epoch, self._topic, partition, UNKNOWN_OFFSET, item["feed_position"],
            int(txid), int(position), item["event_id"], item["type"], item["schema_version"],
            item["stream"], item["version"], item["subject"], item["recorded_at"],
            item["traceparent"], orjson.dumps(item["data"]),
        )  # fmt: skip


def _unavailable(what: str) -> UnavailableError:
    return UnavailableError(
        f"the service that wrote these events {what}",
        fix="`daybook status` shows whether it runs; its log says what it refuses",
        who_can_help="an operator",
        retry_after_seconds=1,
    )
