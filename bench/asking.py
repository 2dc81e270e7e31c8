"""Asks one HTTP api one thing after the other, so cheaply that the api is what is measured.

Run as `python -m bench.asking PORT TOKEN`, a path per line on its input: one connection, GET; any
answer but 200 ends it. Prints the milliseconds of each.
"""

import http.client
import json
import sys
from time import perf_counter

OK = 200
MILLISECONDS = 1_000.0


def ask(port: int, token: str, paths: list[str]) -> list[float]:
    """Return how many milliseconds each answer took, to its last byte."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}"}
    taken = []
    for path in paths:
        started = perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        taken.append((perf_counter() - started) * MILLISECONDS)
        if answer.status != OK:
            sys.exit(f"{path}: {answer.status} {body[:500]!r}")
    return taken


if __name__ == "__main__":
    print(json.dumps(ask(int(sys.argv[1]), sys.argv[2], sys.stdin.read().split("\n"))))
