"""A process of the service is run, and probed on its port for operators."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.testing.waiting import until
from tests.ground.processes import Running, running

Json = dict[str, Any]


class Probed:
    """A process of the service, and its port for operators."""

    def __init__(self, process: Running, client: httpx.AsyncClient) -> None:
        self.process = process
        self._client = client

    @property
    def url(self) -> str:
        """Where its port for operators is."""
        return str(self._client.base_url)

    async def ask(self, path: str) -> httpx.Response:
        """Return what it answers there.

        Raises:
            AssertionError: it ended, and said this.
        """
        try:
            return await self._client.get(path)
        except httpx.ConnectError as error:
            raise AssertionError(self.process.output()) from error

    async def ready(self) -> tuple[int, Json]:
        """Return the status and the body of /readyz."""
        answer = await self.ask("/readyz")
        return answer.status_code, answer.json()

    async def is_ready(self) -> bool:
        """Whether /readyz says so."""
        status, _ = await self.ready()
        return status == 200

    async def number(self, sample: str) -> float | None:
        """Return one number of /metrics by its name and labels as they stand there."""
        text = (await self.ask("/metrics")).text
        found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None


@asynccontextmanager
async def probed(
    role: str,
    env: dict[str, str],
    *,
    until_started: bool = True,
    module: str = "services.customers",
) -> AsyncIterator[Probed]:
    """Run a role and find the port that it says it serves, once it has what it needs."""
    async with running(module, role, env=env) as process:
        await until(lambda: _port(process), what=f"the {role}'s port")
        if until_started:
            await until(lambda: '"started"' in process.output(), 60, what=f"the {role}")
        url = f"http://127.0.0.1:{_port(process)}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            yield Probed(process, client)


def _port(process: Running) -> int | None:
    for line in process.output().splitlines():
        if "metrics are served" in line:
            port: int = json.loads(line)["port"]
            return port
    return None
