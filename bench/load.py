"""Loads one HTTP api from a process of its own, so cheaply that the api is what is measured.

Run as `python -m bench.load PORT SECONDS TOKEN`: 32 connections, one request at a time on each,
POST /v1/customers, each customer and each Idempotency-Key once. Prints how many answers of 201
came and in how many seconds; any other answer ends it.
"""

import json
import os
import selectors
import socket
import sys
from time import perf_counter

CONNECTIONS = 32
CREATED = b"HTTP/1.1 201"
LENGTH = b"content-length:"
END = b"\r\n\r\n"


class Lane:
    """One connection with one request under way."""

    def __init__(self, port: int, expected: bytes = CREATED) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expected = expected
        self._received = b""

    def is_answered(self) -> bool:
        """Read what is there; True once the answer is whole and as expected."""
        self._received += self.socket.recv(65_536)
        head, end, body = self._received.partition(END)
        if not end:
            return False
        length = int(head[head.lower().index(LENGTH) + len(LENGTH) :].split(b"\r\n", 1)[0])
        if len(body) < length:
            return False
        if not head.startswith(self._expected):
            sys.exit(f"an answer was not {self._expected!r}: {self._received[:2000]!r}")
        self._received = b""
        return True


class Requests:
    """Every request is another customer."""

    def __init__(self, token: str) -> None:
        self._run = os.urandom(6).hex()
        self._number = 0
        self._head = (
            "POST /v1/customers HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {token}\r\n"
        )

    def next(self) -> bytes:
        """Return the bytes of the next request."""
        self._number += 1
        mark = f"{self._run}{self._number}"
        body = f'{{"kind":"person","name":"Customer {mark}","emails":["{mark}@example.org"]}}'
        sizes = f"idempotency-key: {mark}\r\ncontent-length: {len(body)}\r\n\r\n"
        return (self._head + sizes + body).encode()


def load(port: int, seconds: float, token: str) -> tuple[int, float]:
    """Return how many answers came in how many seconds; all that was asked is waited for."""
    requests, done = Requests(token), 0
    selector = selectors.DefaultSelector()
    for lane in [Lane(port) for _ in range(CONNECTIONS)]:
        selector.register(lane.socket, selectors.EVENT_READ, lane)
    started = perf_counter()
    for key in selector.get_map().values():
        key.data.socket.sendall(requests.next())
    under_way = CONNECTIONS
    while under_way:
        is_over = perf_counter() - started > seconds
        for key, _ in selector.select():
            if key.data.is_answered():
                done += 1
                if is_over:
                    under_way -= 1
                else:
                    key.data.socket.sendall(requests.next())
    return done, perf_counter() - started


if __name__ == "__main__":
    answered, passed = load(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
    print(json.dumps({"answered": answered, "seconds": passed}))
