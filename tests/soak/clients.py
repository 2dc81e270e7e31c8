"""Sixteen clients write over HTTP and repeat what was not answered; they know what was promised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from random import Random

import httpx

from shared.testing.waiting import until
from tests.faults.asking import Request, a_client, ask_on, register, rename
from tests.faults.conftest import Ground

CLIENTS = 16
CUSTOMERS_EACH = 4
MORE = 60
WITHIN_SECONDS = 60.0


@dataclass(slots=True)
class Known:
    """A customer as its client knows it."""

    location: str
    version: int
    name: str


class Clients:
    """Everybody who writes; `known` is what must be there in the end, by location.

    `refusals` has the last 503 of each problem's code.
    """

    def __init__(self, ground: Ground, dice: Random) -> None:
        self._ground = ground
        self._dice = dice
        self._stopping = asyncio.Event()
        self._of_each: list[list[Known]] = [[] for _ in range(CLIENTS)]
        self.known: dict[str, Known] = {}
        self.refusals: dict[str, httpx.Response] = {}
        self.answered = 0
        self.repeated = 0

    async def go_on(self) -> None:
        """Wait until sixty commands more are answered than now."""
        enough = self.answered + MORE
        await until(
            lambda: self.answered >= enough, WITHIN_SECONDS, what="that commands are answered"
        )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write for as long as the body of the `with`, then until every answer is there.

        They can be told to write again.
        """
        self._stopping.clear()
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(self._write(number))
            try:
                yield
            finally:
                self._stopping.set()

    async def _write(self, number: int) -> None:
        mine = self._of_each[number]
        async with a_client(self._ground) as client:
            while not self._stopping.is_set():
                name = f"Ada {number}.{self.answered}"
                if len(mine) < CUSTOMERS_EACH:
                    mine.append(await self._register(client, name))
                else:
                    await self._rename(client, self._dice.choice(mine), name)

    async def _register(self, client: httpx.AsyncClient, name: str) -> Known:
        headers = await self._answer(client, register(name), HTTPStatus.CREATED)
        known = Known(headers["Location"], 1, name)
        self.known[known.location] = known
        return known

    async def _rename(self, client: httpx.AsyncClient, known: Known, name: str) -> None:
        request = rename(known.location, known.version, name)
        headers = await self._answer(client, request, HTTPStatus.OK)
        known.version += 1
        known.name = name
        assert headers["ETag"] == f'"{known.version}"', "a repeated command happened twice"

    async def _answer(
        self, client: httpx.AsyncClient, request: Request, wanted: HTTPStatus
    ) -> httpx.Headers:
        """Ask the same again until it is answered, however often the service dies meanwhile."""
        answers: list[httpx.Headers] = []

        async def is_answered() -> bool:
            response = await ask_on(client, request)
            if response is None:
                self.repeated += 1
                return False
            if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                self.refusals[response.json()["type"].rpartition("/")[2]] = response
                self.repeated += 1
                return False
            assert response.status_code == wanted, response.text
            answers.append(response.headers)
            return True

        await until(is_answered, WITHIN_SECONDS, what="an answer")
        self.answered += 1
        return answers[0]
