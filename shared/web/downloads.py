"""A download leaves piece by piece, each as its reader may see it when the connection takes it.

A piece is made when there is room for it, and handed over in the same step of the process: nothing
waits with it. Where the right ends the connection does, without the last chunk: no client takes
what came for the whole.
"""

import logging
from collections.abc import AsyncIterator, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Send

from shared.errors import NotPermittedError, UndecidedError

logger = logging.getLogger(__name__)


class Download(StreamingResponse):
    """Sends what an iterator yields, and asks it for more only when all of that has left."""

    def __init__(
        self, pieces: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(pieces, 200, headers, media_type)
        self._pieces = pieces

    async def stream_response(self, send: Send) -> None:
        """Send it.

        Raises:
            NotPermittedError: its reader may not have the rest.
            UndecidedError: whether its reader may is not known well enough.
        """
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        try:
            await has_room(send)
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await has_room(send)
        except (NotPermittedError, UndecidedError) as error:
            logger.info("a download was cut off", extra={"code": error.problem_code})
            raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def has_room(send: Send) -> None:
    """Return when the connection takes more; an empty piece waits for that, and writes nothing."""
    await send({"type": "http.response.body", "body": b"", "more_body": True})


def is_cut_off(error: object) -> bool:
    """Say whether this ends an answer that has begun, and is no failure of ours."""
    return isinstance(error, NotPermittedError | UndecidedError)
