"""Asks one route questions from a process of its own, so cheaply that the route is measured.

Run as `python -m bench.questions PORT SECONDS TOKEN PATH`: 32 connections, one request at a time on
each; each question is about another of ten thousand people. Prints how many answers of 200 came and
in how many seconds; any other answer ends it.
"""

import json
import selectors
import sys
from itertools import count
from time import perf_counter

from bench.load import CONNECTIONS, Lane

PEOPLE = 10_000
OK = b"HTTP/1.1 200"


def requests(token: str, path: str) -> "map[bytes]":
    """Return the bytes of one request after the other."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: "
    )

    def one(number: int) -> bytes:
        who = f"p{number * 7_919 % PEOPLE}"
        body = (
            f'{{"subject":{{"type":"user","id":"{who}"}},"action":{{"name":"write"}},'
            f'"resource":{{"type":"record","id":"{number}",'
            f'"properties":{{"ownerID":"{who}@example.org"}}}}}}'
        )
        return f"{head}{len(body)}\r\n\r\n{body}".encode()

    return map(one, count())


def ask(port: int, seconds: float, token: str, path: str) -> tuple[int, float]:
    """Return how many answers came in how many seconds; all that was asked is waited for."""
    asked, done = requests(token, path), 0
    selector = selectors.DefaultSelector()
    for lane in [Lane(port, OK) for _ in range(CONNECTIONS)]:
        selector.register(lane.socket, selectors.EVENT_READ, lane)
    started = perf_counter()
    for key in selector.get_map().values():
        key.data.socket.sendall(next(asked))
    under_way = CONNECTIONS
    while under_way:
        is_over = perf_counter() - started > seconds
        for key, _ in selector.select():
            if key.data.is_answered():
                done += 1
                if is_over:
                    under_way -= 1
                else:
                    key.data.socket.sendall(next(asked))
    return done, perf_counter() - started


if __name__ == "__main__":
    answered, passed = ask(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4])
    print(json.dumps({"answered": answered, "seconds": passed}))
