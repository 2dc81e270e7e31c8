"""The permissions service runs in a process of its own, with the scenarios of AuthZEN applied."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from cli.local.keyfiles import make_key_files
from cli.local.paths import PROJECT, Place
from cli.local.ports import Ports, is_free
from shared.clock import SystemClock
from shared.errors import UnavailableError
from shared.security.service_tokens import FILE, ServiceTokens
from shared.testing.waiting import until
from tests.customers.roles.probing import probed
from tests.ground.broker import Broker, free_port, one_broker
from tests.ground.processes import make_secrets, running, service_env
from tests.ground.servers import Databases, Servers, new_databases
from tests.permissions.views import make_read_models

Json = dict[str, Any]

ALICE: Final = {"type": "user", "id": "alice"}
RECORD: Final = {"type": "record", "id": "record-1"}
ARCHIVED: Final = {**RECORD, "properties": {"status": "archived"}}
ADMIN: Final = {**ALICE, "properties": {"role": "admin"}}
ONE: Final = "/access/v1/evaluation"
TRUSTED: Final = """
daybook_policy: 1
subjects:
  billing: {id: 00000000-0000-4000-8000-000000000101, kind: service, trusted_caller: true}
"""


@dataclass(frozen=True, slots=True)
class Pdp:
    """The permissions service in a process of its own, and callers with tokens."""

    trusted: httpx.AsyncClient
    plain: httpx.AsyncClient
    nobody: httpx.AsyncClient
    env: Mapping[str, str]

    async def daybook(self, *arguments: str) -> str:
        """Return what a command of the operator's says."""
        async with running("cli", *arguments, env=self.env) as command:
            assert await command.wait() == 0, command.output()
        return command.output()

    async def decision(self, body: object, client: httpx.AsyncClient | None = None) -> bool:
        """Return the decision about one question."""
        answer = await (client or self.trusted).post(ONE, json=body)
        assert answer.status_code == 200, answer.text
        decision = answer.json()["decision"]
        assert isinstance(decision, bool)
        return decision

    async def search(self, kind: str, body: Json) -> Json:
        """Return the answer of a search."""
        answer = await self.trusted.post(f"/access/v1/search/{kind}", json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        assert "results" in found
        return found


@asynccontextmanager
async def a_pdp(servers: Servers, folder: Path) -> AsyncIterator[Pdp]:
    """Run the service, set it up as an installation is, and apply both files of the demo."""
    async with AsyncExitStack() as opened:
        databases = await opened.enter_async_context(new_databases(servers))
        await make_read_models(databases)
        broker = opened.enter_context(one_broker())
        ports = Ports(_base())
        env = _env(databases, broker, ports, folder)
        people = {"DAYBOOK_BOOTSTRAP_PEOPLE": str(PROJECT / "demo/people.yaml")}
        async with running("services.permissions", "bootstrap", env=env | people) as setting_up:
            assert await setting_up.wait() == 0, setting_up.output()
        await opened.enter_async_context(running("cli.local.issuer", env=env))
        service = await opened.enter_async_context(
            probed("all", env, module="services.permissions")
        )
        trusted, plain, nobody = [await _client(opened, ports) for _ in range(3)]
        tokens = await _tokens(ports, folder / "secrets")
        for client, token in zip((trusted, plain), tokens, strict=True):
            client.headers["Authorization"] = f"Bearer {token}"
        await until(service.is_ready, what="that the service is ready")
        trusting = folder / "trusted.yaml"
        trusting.write_text(TRUSTED)
        files = [PROJECT / f"demo/authzen-{name}.yaml" for name in ("todo", "fixture")]
        cli = {**env, "DAYBOOK_PORT_BASE": str(ports.base)}
        its = Pdp(trusted, plain, nobody, cli)
        for file in (*files, trusting):
            await its.daybook("permissions", "apply", str(file))

        async def decides() -> bool:
            asked = {"subject": ADMIN, "action": {"name": "write"}, "resource": ARCHIVED}
            return (await its.trusted.post(ONE, json=asked)).json().get("decision") is True

        await until(decides, what="that what was applied is in force")
        yield its


def _base() -> int:
    """Return where a row of free ports begins."""
    while True:
        base = free_port()
        ports = Ports(base)
        if base < 60_000 and is_free(ports.service("permissions")) and is_free(ports.issuer):
            return base


def _env(databases: Databases, broker: Broker, ports: Ports, folder: Path) -> dict[str, str]:
    secrets = make_secrets(folder / "secrets")
    make_key_files(secrets)
    return service_env(
        databases, broker.settings, secrets, ports.service("permissions"),
        DAYBOOK_SECURITY_ISSUER=ports.issuer_url,
        DAYBOOK_SERVICE_PUBLIC_URL=ports.url("permissions"),
    )  # fmt: skip


async def _client(opened: AsyncExitStack, ports: Ports) -> httpx.AsyncClient:
    return await opened.enter_async_context(
        httpx.AsyncClient(base_url=ports.url("permissions"), timeout=60, trust_env=False)
    )


async def _tokens(ports: Ports, secrets: Path) -> tuple[str, str]:
    """Return the token of billing, and that of the customers service, which has a secret."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        service = ServiceTokens(
            ports.issuer_url, "customers", Place(secrets.parent).secrets_of("customers") / FILE,
            http, SystemClock(),
        )  # fmt: skip

        async def is_there() -> bool:
            try:
                return bool(await service.token())
            except UnavailableError:
                return False

        await until(is_there, what="the issuer")
        form = {"grant_type": "urn:daybook:demo-person", "person": "billing"}
        billing = await http.post(f"{ports.issuer_url}/token", data=form)
        return billing.json()["access_token"], await service.token()
