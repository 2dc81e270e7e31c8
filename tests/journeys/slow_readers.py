"""A reader who takes the beginning of an answer and lets the rest wait, as a slow line does."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from tests.journeys.living import WITHIN_SECONDS, Living

PIECE = 4_096
# Of small segments the writer's side keeps few, too: about 200 kB in all wait on the way.
SLOW_LINE = [
    (socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE),
    (socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536),
]


class SlowReader:
    """Has taken the first piece of an answer."""

    def __init__(self, answer: HTTPResponse) -> None:
        self._answer = answer
        self.taken = answer.read1(PIECE)
        self.is_whole = False

    def take_all(self) -> None:
        """Take what still comes, until the answer ends or breaks off."""
        try:
            while piece := self._answer.read1(PIECE):
                self.taken += piece
        except (HTTPException, ConnectionError):
            return
        self.is_whole = True


@contextmanager
def reading_slowly(living: Living, name: str, path: str) -> Iterator[SlowReader]:
    """Begin to read something as somebody, for as long as the body of the `with`."""
    address = urlsplit(living.url)
    with closing(HTTPConnection(address.netloc, timeout=WITHIN_SECONDS)) as connection:
        # Before it connects: the other side is told then how much there is room for.
        connection.sock = socket.socket()
        for option in SLOW_LINE:
            connection.sock.setsockopt(*option)
        connection.sock.settimeout(WITHIN_SECONDS)
        connection.sock.connect((address.hostname, address.port))
        connection.request("GET", path, headers={"Authorization": f"Bearer {living.token(name)}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        yield SlowReader(answer)
