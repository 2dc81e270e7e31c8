"""A download leaves piece by piece, each as its reader may see it when the connection takes it.

A piece is made when there is room for it, and handed over in the same step of the process: nothing
waits with it. Where the right ends the connection does, without the last chunk: no client takes
what came for the whole. It ends, too, if its reader takes nothing meanwhile.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, NamedTuple

from starlette.responses import StreamingResponse
from starlette.types import Send

from shared.errors import NotPermittedError, UndecidedError

LOOK_SECONDS: Final = 0.5
"""So often is looked whether somebody may still have the rest, who does not take it."""
Look = Callable[[], None]
"""Returns while the reader may go on; raises what ends the answer else."""

logger = logging.getLogger(__name__)


class NothingTakenError(Exception):
    """The reader of an answer takes nothing of it, and the time of the answer is over."""


class Piece(NamedTuple):
    """Some of a download, made at once."""

    body: bytes
    items: int = 0
    """How many things it shows: rows, without the line that names the columns."""


class Download(StreamingResponse):
    """Sends what an iterator yields, and asks it for more only when all of that has left."""

    items = 0
    """How many things the connection has taken until now."""
    is_whole = False
    """Whether all of it has left, and the last chunk too."""

    def __init__(
        self,
        pieces: AsyncIterator[Piece],
        media_type: str,
        headers: Mapping[str, str],
        look: Look,
    ) -> None:
        """Send the pieces; `look` twice a second while the reader takes nothing."""
        super().__init__((), 200, headers, media_type)
        self._look = look
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
            await has_room(send, self._look)
            async for piece in self._pieces:
                self.items += piece.items
                await send({"type": "http.response.body", "body": piece.body, "more_body": True})
                await has_room(send, self._look)
        except (NotPermittedError, UndecidedError) as error:
            logger.info("a download was cut off", extra={"code": error.problem_code})
            raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        self.is_whole = True


async def has_room(send: Send, look: Look) -> None:
    """Return when the connection takes more, and look twice a second until it does."""
    waiting = asyncio.ensure_future(_empty_piece(send))
    try:
        while not (await asyncio.wait({waiting}, timeout=LOOK_SECONDS))[0]:
            look()
        waiting.result()
    finally:
        waiting.cancel()


async def _empty_piece(send: Send) -> None:
    """Wait for room, and write nothing."""
    await send({"type": "http.response.body", "body": b"", "more_body": True})


def is_cut_off(error: object) -> bool:
    """Say whether this ends an answer that has begun, and is no failure of ours."""
    return isinstance(error, NotPermittedError | UndecidedError | NothingTakenError)
