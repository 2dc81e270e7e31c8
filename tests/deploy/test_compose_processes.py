"""What docker-compose.yml starts runs here: its commands, its settings, its secrets, its probes."""

import asyncio
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from pathlib import Path

import httpx
import pytest

from cli.local.issuer import Issuer
from cli.local.keyfiles import load_signing_key
from cli.local.paths import PROJECT
from cli.local.postgres import KINDS
from shared.authorization.people import DEMO_PEOPLE, Person
from shared.clock import SystemClock
from shared.messaging.topics import CUSTOMERS
from shared.testing.waiting import until
from tests.customers.roles.test_prepare import ask_for_passwords
from tests.deploy.composed import LEDGER, ROLES_OF, SECRETS, Service, composed, of_role
from tests.deploy.image import Image, image_in
from tests.ground.broker import Broker, free_port
from tests.ground.collector import Collector, a_collector
from tests.ground.processes import Running, running_command
from tests.ground.servers import Servers

OPERATORS_PORT = "8150"
ONCE = ("prepare", "migrate", "check")
BOOTSTRAP = "permissions-bootstrap"
ON = [
    *(name for name, its in composed().items() if its.role not in {None, *ONCE, "bootstrap"}),
    "issuer",
]
WELL_WITHIN_SECONDS = 120


@dataclass
class Machine:
    """A machine without an engine: servers stand for the containers that are not ours."""

    servers: Servers
    broker: Broker
    secrets: Path
    image: Image
    collector: Collector
    issuer_port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    permissions_port: int = field(default_factory=free_port)
    ports: dict[str, int] = field(default_factory=dict)

    def environment(self, service: Service) -> dict[str, str]:
        """Return what the container would be told, with our servers in the place of its."""
        told = self.image.environment(service.environment)
        told["DAYBOOK_OBSERVABILITY_TRACE_SHARE"] = "1.0"
        told["DAYBOOK_OBSERVABILITY_METRICS_PORT"] = str(self._port(service))
        own = {
            "DAYBOOK_SERVICE_PORT": str(self._api_port(service)),
            "DAYBOOK_SERVICE_HOST": "127.0.0.1",
        }
        moved = {name: self._here(value, service, name) for name, value in told.items()}
        return moved | own

    @property
    def addresses(self) -> dict[str, str]:
        """Where one container finds another → where that is here."""
        ports = {
            "issuer:8105": self.issuer_port,
            "customers-api:8101": self.api_port,
            "permissions-api:8102": self.permissions_port,
            "otel-collector:4318": self.collector.port,
        }
        return {f"//{there}": f"//127.0.0.1:{here}" for there, here in ports.items()}

    def probe(self, service: Service) -> tuple[str, ...]:
        """Return the command of its health check."""
        program, *words = service.told["healthcheck"]["test"]
        assert program == "CMD"
        moved = [word.replace(f":{OPERATORS_PORT}/", f":{self._port(service)}/") for word in words]
        return self.image.command([self._here(word, service) for word in moved])

    def _port(self, service: Service) -> int:
        return self.ports.setdefault(service.name, free_port())

    def _api_port(self, service: Service) -> int:
        return self.permissions_port if service.owner == "permissions" else self.api_port

    def _secrets_of(self, service: Service) -> Path:
        """Return the folder where the service finds its own secrets, and no other's."""
        folder = self.secrets.parent / service.name / Path(SECRETS).name
        for secret in service.secrets:
            source, _, target = secret.partition("=")
            place = folder / (target or source)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not place.exists():
                place.hardlink_to(self.secrets / source)
        return folder

    def _here(self, value: str, service: Service, name: str = "") -> str:
        for kind in KINDS:
            sockets = self.servers.sockets(kind)
            for database in ("customers", "permissions", "postgres"):
                there = f"@customers-{kind}/{database}?"
                value = value.replace(there, f"@/{database}?host={sockets}&")
        for there, here in (
            (SECRETS, str(self._secrets_of(service))),
            (LEDGER, str(self.secrets.parent / "ledger")),
            *_mounts(service),
            *self.addresses.items(),
            (":8105/", f":{self.issuer_port}/"),
        ):
            value = value.replace(there, here)
        return self._place_of_broker().get(name, value)

    def _place_of_broker(self) -> dict[str, str]:
        return {
            "DAYBOOK_KAFKA_MODE": self.broker.settings.mode,
            "DAYBOOK_KAFKA_BOOTSTRAP": self.broker.bootstrap,
        }


def _mounts(service: Service) -> list[tuple[str, str]]:
    """Return the files of the tree that the service sees elsewhere: where, and which."""
    told = [each.split(":") for each in service.told.get("volumes", ()) if isinstance(each, str)]
    return [(there, str(PROJECT / here)) for here, there, *_ in told if here.startswith("./")]


def make_secrets(folder: Path) -> Path:
    """Let the script make them, twice, in a copy of the tree."""
    script = folder / "deploy" / "compose" / "make-secrets"
    script.parent.mkdir(parents=True)
    shutil.copy(PROJECT / "deploy/compose/make-secrets", script)
    made = script.parent / "secrets"
    held: list[dict[str, bytes]] = []
    for _ in range(2):
        subprocess.run((script,), check=True, capture_output=True)  # noqa: S603 - ours
        held.append({path.name: path.read_bytes() for path in made.iterdir()})
    assert held[0] == held[1]
    assert made.stat().st_mode & 0o077 == 0
    for path in made.iterdir():
        is_ours = path.name.startswith(("customers_", "permissions_")) or path.suffix in {
            ".key",
            ".secret",
        }
        assert path.stat().st_mode & 0o777 == (0o400 if is_ours else 0o444), path.name
    assert (folder / ".env").read_text().count("DAYBOOK_USER=") == 1
    return made


@pytest.fixture
async def machine(
    own_servers: Servers, own_broker: Broker, tmp_path: Path
) -> AsyncIterator[Machine]:
    for kind in KINDS:
        await ask_for_passwords(own_servers, kind)
    secrets = make_secrets(tmp_path / "tree")
    with a_collector() as collector:
        yield Machine(own_servers, own_broker, secrets, image_in(tmp_path / "opt"), collector)


async def answers(command: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a command says that all is well."""
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(env), stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


async def test_every_process_of_the_file_runs_and_a_customer_goes_the_whole_way(
    machine: Machine,
) -> None:
    folder = machine.image.work_folder
    once = [of_role(role, owner) for owner, role in product(ROLES_OF, ONCE)]
    for its in (*once, composed()[BOOTSTRAP]):
        command = machine.image.command(its.command)
        async with running_command(command, machine.environment(its), folder) as done:
            assert await done.wait() == 0, done.output()

    async with AsyncExitStack() as running:
        runs: dict[str, Running] = {}
        for name in ON:
            its = composed()[name]
            command = machine.image.command(its.command)
            runs[name] = await running.enter_async_context(
                running_command(command, machine.environment(its), folder)
            )
        for name in ON:
            env = machine.environment(composed()[name])

            async def is_well(name: str = name, env: Mapping[str, str] = env) -> bool:
                assert runs[name].is_alive, runs[name].output()
                return await answers(machine.probe(composed()[name]), env)

            await until(is_well, WELL_WITHIN_SECONDS, what=f"that {name} is well")
        await go_the_whole_way(machine)
        await until(lambda: is_traced(machine.collector), 60, what="the trace of that")
        await ask_by_command(machine)


async def go_the_whole_way(machine: Machine) -> None:
    """Register a customer as the guide says, find him in the list, and lose every right to."""
    api = f"http://127.0.0.1:{machine.api_port}/v1/customers"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        signed = await sign_in(machine, http, "alice")
        body = {"kind": "person", "name": "Ada Container"}
        made = (await http.post(api, json=body, headers=signed)).raise_for_status()
        seen = {"Daybook-Token": made.headers["Daybook-Token"], "Prefer": "wait=30"}
        found = (await http.get(api, params={"q": "Ada"}, headers=signed | seen)).raise_for_status()
        assert [each["name"] for each in found.json()["items"]] == ["Ada Container"]
        stranger = await http.get(api, headers=bearer(a_strangers_token(machine)))
        assert stranger.status_code == 403, stranger.text
        await leave(machine, http, "alice")

        async def is_refused() -> bool:
            return (await http.get(api, headers=signed)).status_code == 403

        await until(is_refused, 60, what="that alice, who left, is refused by customers")


async def sign_in(machine: Machine, http: httpx.AsyncClient, person: str) -> dict[str, str]:
    """Return the header of a demo person."""
    form = {"grant_type": "urn:daybook:demo-person", "person": person}
    issuer = f"http://127.0.0.1:{machine.issuer_port}"
    told = (await http.post(f"{issuer}/token", data=form)).raise_for_status().json()
    return bearer(told["access_token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def a_strangers_token(machine: Machine) -> str:
    """Return a token that holds, of somebody whom the permissions service does not know."""
    url = f"http://127.0.0.1:{machine.issuer_port}"
    issuer = Issuer(url, "daybook", load_signing_key(machine.secrets), SystemClock())
    return issuer.sign(Person("00000000-0000-4000-8000-00000000ffff", "Stranger", "nothing"))


async def leave(machine: Machine, http: httpx.AsyncClient, person: str) -> None:
    """Let somebody leave, at the permissions service."""
    subject = (
        f"http://127.0.0.1:{machine.permissions_port}/v1/subjects/{DEMO_PEOPLE[person].subject}"
    )
    signed = await sign_in(machine, http, "erin")
    read = (await http.get(subject, headers=signed)).raise_for_status()
    body, if_match = {"reason": "She left."}, {"If-Match": read.headers["ETag"]}
    (await http.post(f"{subject}/leave", json=body, headers=signed | if_match)).raise_for_status()


def is_traced(collector: Collector) -> bool:
    """Whether the spans of the registration came from every process that had a part in it."""
    begun = [each for each in collector.spans if each.name == "POST /v1/customers"]
    return bool(begun) and collector.of_trace(begun[0].trace_id) >= {
        ("api", "append"),
        ("relay", f"send {CUSTOMERS.name}"),
        ("projector", f"process {CUSTOMERS.name}"),
    }


async def ask_by_command(machine: Machine) -> None:
    """Ask as docs/runbooks/README.md says, in the container of the issuer."""
    text = (PROJECT / "docs/runbooks/README.md").read_text()
    (line,) = re.findall(r"^docker compose exec issuer (.*)$", text, re.MULTILINE)
    moved = reduce(lambda text, pair: text.replace(*pair), machine.addresses.items(), line)
    env = machine.environment(composed()["issuer"])
    command = machine.image.command(shlex.split(moved))
    async with running_command(command, env, machine.image.work_folder) as asking:
        assert await asking.wait() == 0, asking.output()
    assert CUSTOMERS.name in asking.output()
