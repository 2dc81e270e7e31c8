"""The rows stand on PostgreSQL servers and a broker of their own, as one machine runs them.

Everything is started by the same code as `daybook up` (default durability, fsync on), in a
folder of this checkout's disk that is gone afterwards. PostgreSQL has the memory that it has where
Daybook is deployed: what `make up` gives it is meant for some thousand customers.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import asyncpg

from bench.rights import keep_rights
from cli.local import environment
from cli.local.keyfiles import make_key_files
from cli.local.machine import SERVICE, broker_program, issuer_program, postgres_programs
from cli.local.paths import PROJECT, Place
from cli.local.ports import Ports, is_free
from cli.local.postgres import (
    HOLDS_EVENTS,
    Server,
    give_to_server_user,
    make_socket_folders,
    remove_socket_folders,
    servers,
)
from cli.local.program import Program, Tier
from cli.local.supervisor import Supervisor
from shared.clock import SystemClock
from shared.errors import UnavailableError
from shared.postgres.bootstrap import prepare_database
from shared.settings import KafkaSettings

LOWEST_BASE, BASES, STEP = 20_000, 200, 200


class _Crier:
    """Says what happens to the programs beside the rows: a restart spoils a figure."""

    def tell(self, sentence: str) -> None:
        print(f"! {sentence}")

    def on_change(self) -> None:
        """Nothing to say."""


@dataclass(frozen=True, slots=True)
class Databases:
    """A database of the same name on each of the three servers."""

    truth: str
    views: str
    keys: str


class Ground:
    """What is there while rows are measured."""

    def __init__(self, place: Place, supervisor: Supervisor) -> None:
        self.place = place
        self.supervisor = supervisor
        self.ports = Ports(place.port_base)
        self.kafka = KafkaSettings(mode="embedded", bootstrap=self.ports.bootstrap)
        self._numbers = count(1)

    def with_kafka(self, kafka: KafkaSettings) -> "Ground":
        """Return the same ground with another broker."""
        its = copy(self)
        its.kafka = kafka
        return its

    @property
    def free_port(self) -> int:
        """A port of this run that nobody has yet."""
        return self.place.port_base + 110 + next(self._numbers)

    async def databases(self) -> Databases:
        """Return fresh databases of the service, migrated and empty; the DSNs hold `{role}`.

        Who may do what there is as `bench.rights` says.
        """
        its = await self._databases(SERVICE, f"{SERVICE}_{{role}}", f"{SERVICE}_owner")
        await keep_rights(its.views)
        return its

    async def plain_databases(self) -> Databases:
        """Return empty databases for a baseline, as the superuser."""
        return await self._databases("template1", "postgres", "postgres")

    async def _databases(self, template: str, user: str, owner: str) -> Databases:
        name = f"row{next(self._numbers)}"
        dsns = {}
        for server in servers(self.place):
            await _execute(
                server.admin_dsn, f"create database {name} template {template} owner {owner}"
            )
            dsns[server.kind] = f"postgresql://{user}@/{name}?host={server.sockets}"
        return Databases(**dsns)

    @asynccontextmanager
    async def running(self, program: Program) -> AsyncIterator[None]:
        """Keep one more program running, until the row is done with it."""
        await self.supervisor.start(program)
        kept = self.supervisor.kept[-1]
        try:
            yield
        finally:
            await kept.stop()
            self.supervisor.kept.remove(kept)

    async def start(self) -> None:
        """Bring everything up."""
        make_key_files(self.place.secrets)
        make_socket_folders(self.place)
        for server in servers(self.place):
            await self._initialise(server)
        await self.supervisor.start(
            *map(_as_deployed, postgres_programs(self.place)),
            broker_program(self.place),
            issuer_program(self.place),
        )
        for server in servers(self.place):
            holds_events = server.kind == HOLDS_EVENTS
            await prepare_database(server.admin_dsn, SERVICE, holds_events=holds_events)
        migrate = environment.python(f"services.{SERVICE}", "migrate")
        await self.supervisor.run_once(
            "migrate", migrate, environment.of_service(SERVICE, self.place)
        )

    async def _initialise(self, server: Server) -> None:
        give_to_server_user(server.data, self.place.uid)
        command = server.initdb_command(server.data)
        await self.supervisor.run_once(f"initdb-{server.kind}", command, environment.bare())


def _as_deployed(server: Program) -> Program:
    """Return a PostgreSQL server with the buffers that its kind is deployed with."""
    conf = (PROJECT / f"deploy/postgres/{server.name}.conf").read_text().splitlines()
    lines = (line.replace("'", "").replace(" ", "") for line in conf)
    (buffers,) = (line for line in lines if line.startswith("shared_buffers="))
    return replace(server, command=(*server.command, "-c", buffers))


def ground_at(place: Place) -> Ground:
    """Return what is at this place, which another process may have started."""
    return Ground(place, Supervisor(place.logs, _Crier(), SystemClock()))


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Start what the rows need; stop and remove all of it at the end."""
    build = PROJECT / "build"
    build.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=build))
    place = Place(folder, _free_base(), os.geteuid())
    for part in (place.logs, place.run):
        part.mkdir()
    here = ground_at(place)
    try:
        await here.start()
        yield here
    finally:
        for tier in Tier:
            await here.supervisor.stop(tier)
        remove_socket_folders(place)
        shutil.rmtree(folder)


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _free_base() -> int:
    """Return a base whose ports are free; two runs at the same moment look in other places."""
    for number in range(BASES):
        base = LOWEST_BASE + (os.getpid() + number) % BASES * STEP
        if all(map(is_free, Ports(base).all)):
            return base
    raise UnavailableError("No ports are free.", fix="end what listens on ports 20000 to 60000")
