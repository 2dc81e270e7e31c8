"""What happens to real systems, each as one call that returns when the system has got over it."""

import signal
from collections.abc import Awaitable, Callable

import asyncpg

from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for
from shared.testing.waiting import until
from tests.faults.asking import begin_api, canary_is_back
from tests.faults.conftest import Ground
from tests.faults.nursery import Life
from tests.ground.servers import Servers
from tests.soak.clients import Clients

LEADERS = """select count(distinct owner) from relay_checkpoints
    where topic = $1 and lease_until > clock_timestamp()"""
HOLD = "set local idle_in_transaction_session_timeout = 0; select pg_current_xact_id()"
WITHIN_SECONDS = 60.0

Incident = Callable[[], Awaitable[None]]


class Incidents:
    """Two relays, two projectors and an api, and everything that is done to them."""

    def __init__(self, ground: Ground, servers: Servers, clients: Clients) -> None:
        self._ground = ground
        self._servers = servers
        self._clients = clients
        self._lives: dict[str, list[Life]] = {"relay": [], "projector": [], "api": []}

    async def begin(self) -> None:
        """Begin every role."""
        for role in ("relay", "relay", "projector", "projector", "api"):
            await self._begin(role)
        await canary_is_back(self._ground)

    def all(self) -> list[Incident]:
        """Return every incident."""
        return [
            self.relay_killed, self.projector_killed, self.api_killed, self.relay_stopped,
            self.projector_stopped, self.truth_restarted, self.views_restarted,
            self.keys_restarted, self.broker_emptied, self.session_idle_in_transaction,
        ]  # fmt: skip

    async def relay_killed(self) -> None:
        """Kill -9 one relay."""
        await self._killed("relay")
        await self._goes_on()

    async def projector_killed(self) -> None:
        """Kill -9 one projector."""
        await self._killed("projector")
        await self._goes_on()

    async def api_killed(self) -> None:
        """Kill -9 the api."""
        await self._killed("api")
        await self._goes_on()

    async def relay_stopped(self) -> None:
        """Stop one relay until the other has taken over, then let it go on."""
        life = self._lives["relay"][0]
        life.send(signal.SIGSTOP)
        await until(self._one_leads, WITHIN_SECONDS, what="that the other relay takes over")
        await self._goes_on()
        life.send(signal.SIGCONT)
        await self._goes_on()

    async def projector_stopped(self) -> None:
        """Stop one projector until events went through without it, then let it go on."""
        life = self._lives["projector"][0]
        life.send(signal.SIGSTOP)
        await self._goes_on()
        life.send(signal.SIGCONT)
        await self._goes_on()

    async def truth_restarted(self) -> None:
        """Kill -9 the server of the store and start it again."""
        await self._restarted("truth")

    async def views_restarted(self) -> None:
        """Kill -9 the server of the read models and start it again."""
        await self._restarted("views")

    async def keys_restarted(self) -> None:
        """Kill -9 the server of the keys and start it again."""
        await self._restarted("keys")

    async def broker_emptied(self) -> None:
        """Kill -9 the broker, so that it comes back empty."""
        self._ground.broker.kill()
        await self._clients.go_on()  # Writes go on while Kafka is away.
        self._ground.broker.start()
        await self._goes_on()

    async def session_idle_in_transaction(self) -> None:
        """Let a session write and then do nothing: nobody may read past it, until it ends."""
        connection = await asyncpg.connect(dsn_for(self._ground.house.databases.truth_dsn, "relay"))
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(HOLD)
        await self._clients.go_on()
        connection.terminate()
        await self._goes_on()

    async def _begin(self, role: str) -> None:
        begun = begin_api(self._ground) if role == "api" else self._ground.nursery.begin(role)
        self._lives[role].append(await begun)

    async def _killed(self, role: str) -> None:
        await self._lives[role].pop(0).kill()
        await self._begin(role)

    async def _restarted(self, kind: str) -> None:
        self._servers.kill(kind)
        self._servers.start(kind)
        await self._goes_on()

    async def _one_leads(self) -> bool:
        [row] = await self._ground.house.ask("truth", LEADERS, CUSTOMERS.name)
        return bool(row["count"] == 1)

    async def _goes_on(self) -> None:
        """Commands are answered, and what is stored now reaches the directory."""
        await self._clients.go_on()
        stored = await self._ground.house.stored()

        async def is_applied() -> bool:
            applied = await self._ground.house.applied()
            return all(applied.get(p, 0) >= n for p, n in stored.items())

        await until(is_applied, WITHIN_SECONDS, what="that events reach the directory")
