"""One Daybook lives for all journeys of a run: real processes, real tokens, no demo data."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from cli.local.issuer import GRANT
from cli.local.ports import Ports
from cli.local.postgres import servers
from tests.cli.whole_daybook import WholeDaybook

WITHIN_SECONDS = 90.0
LOOK_SECONDS = 0.05

Json = dict[str, Any]


class Living:
    """A Daybook that runs, and the people who use it."""

    def __init__(self, whole: WholeDaybook) -> None:
        self.whole = whole
        self.place = whole.place
        self.ports = Ports(whole.place.port_base)

    @property
    def url(self) -> str:
        """Where the customers service answers."""
        return self.ports.url("customers")

    def token(self, person: str) -> str:
        """Sign in and return the token."""
        form = {"grant_type": GRANT, "person": person}
        answer = httpx.post(f"{self.ports.issuer_url}/token", data=form, timeout=60)
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    @contextmanager
    def person(self, name: str) -> Iterator[httpx.Client]:
        """Be somebody for as long as the body of the `with`."""
        headers = {"Authorization": f"Bearer {self.token(name)}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as client:
            yield client

    @contextmanager
    def ended_by(self, number: signal.Signals, service: str = "customers") -> Iterator[None]:
        """End a service and wait, after the body of the `with`, for the next one."""
        pid = self.whole.pids()[service]
        os.kill(pid, number)
        yield
        eventually(lambda: self._is_ready_again(service, pid), "that it is started again")

    @contextmanager
    def hanging(self, name: str) -> Iterator[None]:
        """Let a process hang, so that nobody starts it again, and go on after the `with`."""
        pid = self.whole.pids()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _is_ready_again(self, service: str, old_pid: int) -> bool:
        if self.whole.pids().get(service) in {None, old_pid}:
            return False
        try:
            return httpx.get(f"{self.ports.url(service)}/readyz", timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, kind: str, sql: str) -> list[asyncpg.Record]:
        """Ask one of the three servers' customers database as its superuser."""
        dsn = next(server.admin_dsn for server in servers(self.place) if server.kind == kind)

        async def asked() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(dsn.replace("/postgres?", "/customers?"))
            try:
                return await connection.fetch(sql)
            finally:
                await connection.close()

        return asyncio.run(asked())


def eventually(condition: Callable[[], object], what: str) -> None:
    """Return as soon as the condition is true; fail when it is not in time."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {WITHIN_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)


@pytest.fixture(scope="session")
def living() -> Iterator[Living]:
    """Return the Daybook of the run."""
    whole = WholeDaybook()
    try:
        whole.up_until_ready("--no-demo")
        yield Living(whole)
    finally:
        whole.remove()
