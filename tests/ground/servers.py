"""Three PostgreSQL servers stand in a second, and each test has databases that are its own."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil

from cli.local.environment import bare
from cli.local.postgres import (
    AS_SERVER_USER,
    HOLDS_EVENTS,
    KINDS,
    Server,
    binaries,
    give_to_server_user,
)
from shared.postgres.bootstrap import prepare_database
from shared.postgres.dsn import dsn_for
from shared.postgres.migrating import migrate
from shared.service.migrate import VIEWS
from tests.ground.children import spawn
from tests.ground.rights import keep_open_copy

SERVICE = "customers"
TEMPLATE = "migrated"
OWNER = f"{SERVICE}_owner"
MIGRATIONS = {
    "truth": (
        "shared.eventstore.migrations",
        "services.customers.storage.truth.migrations",
    ),
    "keys": ("shared.security.migrations",),
    "views": (*VIEWS, "services.customers.storage.migrations"),
}
# Nothing here outlives the run, so no disk is waited for.
IN_TESTS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=100")
READY_WITHIN_SECONDS = 60.0
END_WITHIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Databases:
    """A truth, a views and a keys database, empty or migrated, one on each of three servers."""

    servers: "Servers"
    name: str

    @property
    def truth_dsn(self) -> str:
        """The event store's, with the literal `{role}`."""
        return self.dsn("truth")

    @property
    def views_dsn(self) -> str:
        """The read models', with the literal `{role}`."""
        return self.dsn("views")

    @property
    def keys_dsn(self) -> str:
        """The subject keys', with the literal `{role}`."""
        return self.dsn("keys")

    @property
    def ledger_dir(self) -> Path:
        """Where the erasure ledger of these databases lies, whatever is restored of them."""
        return self.servers.sockets("keys").parent.parent / "ledgers" / self.name

    def dsn(self, kind: str) -> str:
        """The service's own way in, with the literal `{role}`."""
        sockets = self.servers.sockets(kind)
        return f"postgresql://{SERVICE}_{{role}}@/{self.name}?host={sockets}"

    def admin_dsn(self, kind: str) -> str:
        """The superuser's way into this very database."""
        return f"postgresql://postgres@/{self.name}?host={self.servers.sockets(kind)}"


class Servers:
    """The three PostgreSQL servers of a test run, or of one test."""

    def __init__(self, folder: Path) -> None:
        prefix = AS_SERVER_USER if os.geteuid() == 0 else ()
        self._servers = {
            kind: Server(kind, folder / kind, folder / "s" / kind, prefix) for kind in KINDS
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def databases(self) -> Databases:
        """Migrated databases; on servers that only one test uses they are the test's own."""
        return Databases(self, TEMPLATE)

    def sockets(self, kind: str) -> Path:
        """The folder of the server's socket."""
        return self._servers[kind].sockets

    def admin_dsn(self, kind: str) -> str:
        """The superuser's way into the database `postgres`."""
        return self._servers[kind].admin_dsn

    def server(self, kind: str) -> Server:
        """Return what a server is, so that another can take its place."""
        return self._servers[kind]

    def make(self) -> None:
        """Make the data folders, start the servers, migrate the template."""
        self._make_folders()
        self._initdb()
        for kind in KINDS:
            self.start(kind, wait=False)
        asyncio.run(self._prepare())
        self._migrate()

    def make_like(self, formed: "Servers") -> None:
        """Start copies of servers that were made and ended; they keep the others' identity."""
        self._make_folders()
        for kind in KINDS:
            shutil.rmtree(self._servers[kind].data)
            formed.copy(kind, self._servers[kind].data)
            self.start(kind, wait=False)
        for kind in KINDS:
            self._await_socket(kind)

    def start(self, kind: str, *, wait: bool = True) -> None:
        """Start a server that is not running, and return when it answers."""
        self._processes[kind] = spawn((*self._servers[kind].command, *IN_TESTS), signal.SIGINT)
        if wait:
            self._await_socket(kind)

    def kill(self, kind: str) -> None:
        """End a server at once (kill -9); return when its backends have noticed, by themselves."""
        backends = psutil.Process(self._processes[kind].pid).children(recursive=True)
        self._processes[kind].kill()
        self._processes[kind].wait()
        # One that still answered would be a server that was not killed.
        _, lingering = psutil.wait_procs(backends, END_WITHIN_SECONDS)
        if lingering:
            raise RuntimeError(f"backends of the {kind} server outlive it: {lingering}")

    def stop(self, kind: str) -> None:
        """End a server as an operator does; its folder may be copied then."""
        self._processes[kind].send_signal(signal.SIGINT)
        self._processes[kind].wait(END_WITHIN_SECONDS)

    def copy(self, kind: str, into: Path) -> None:
        """Copy the folder of a server that is stopped."""
        subprocess.run(("/bin/cp", "-a", str(self._servers[kind].data), str(into)), check=True)  # noqa: S603

    def put_back(self, kind: str, copy: Path, *, recovers: bool = False) -> None:
        """Put a copy in the place of a stopped server's folder.

        With `recovers` the server will start as after a restore from a backup: it recovers from
        the archive (there is nothing in it), and goes on on a new timeline.
        """
        data = self._servers[kind].data
        shutil.rmtree(data)
        subprocess.run(("/bin/cp", "-a", str(copy), str(data)), check=True)  # noqa: S603
        if recovers:
            signal_file = data / "recovery.signal"
            signal_file.touch()
            shutil.copystat(data / "PG_VERSION", signal_file)
            owner = data.stat()
            os.chown(signal_file, owner.st_uid, owner.st_gid)
            with (data / "postgresql.auto.conf").open("a") as settings:
                settings.write("restore_command = 'false'\n")

    def dump(self, kind: str, into: Path) -> None:
        """Dump the template database, as pg_dump does."""
        self._ask_tool("pg_dump", kind, "--format=custom", f"--file={into}", TEMPLATE)

    def load(self, kind: str, dump: Path) -> None:
        """Restore a dump in the place of the template database."""
        self._ask_tool("pg_restore", kind, "--clean", f"--dbname={TEMPLATE}", str(dump))

    def _ask_tool(self, tool: str, kind: str, *arguments: str) -> None:
        where = ("--username=postgres", f"--host={self.sockets(kind)}")
        subprocess.run((str(binaries() / tool), *where, *arguments), env=bare(), check=True)  # noqa: S603

    def end(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End all servers; SIGQUIT waits for nothing."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(how)
        for process in self._processes.values():
            try:
                process.wait(END_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _make_folders(self) -> None:
        uid = os.geteuid()
        (self.sockets("truth").parent).mkdir(mode=0o700)
        for server in self._servers.values():
            give_to_server_user(server.data, uid)
            give_to_server_user(server.sockets, uid)

    def _initdb(self) -> None:
        made = [
            spawn((*server.initdb_command(server.data), "--no-sync"), signal.SIGINT)
            for server in self._servers.values()
        ]
        for process in made:
            if process.wait(READY_WITHIN_SECONDS) != 0:
                raise RuntimeError("initdb failed")

    async def _prepare(self) -> None:
        await asyncio.gather(*(self._prepare_one(kind) for kind in KINDS))

    async def _prepare_one(self, kind: str) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            try:
                await prepare_database(
                    self.admin_dsn(kind), SERVICE, database=TEMPLATE,
                    holds_events=kind == HOLDS_EVENTS,
                )  # fmt: skip
            except (OSError, asyncpg.CannotConnectNowError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.02)
            else:
                return

    def _migrate(self) -> None:
        for kind, packages in MIGRATIONS.items():
            for package in packages:
                migrate(dsn_for(self.databases.dsn(kind), "migrate"), package, OWNER)
        asyncio.run(keep_open_copy(self.databases.admin_dsn("views")))

    def _await_socket(self, kind: str) -> None:
        """Wait until the server takes connections; start it again if its old backends linger."""
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not _answers(self.sockets(kind)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the {kind} server does not start")
            if self._processes[kind].poll() is not None:
                self._processes[kind] = spawn(
                    (*self._servers[kind].command, *IN_TESTS), signal.SIGINT
                )
            time.sleep(0.02)


@contextmanager
def three_servers(formed: Servers | None = None) -> Iterator[Servers]:
    """Run three servers for as long as the body of the `with`; copies of `formed`, or new ones."""
    # Short and in /tmp: a socket's path may have 107 bytes, and PostgreSQL's user must reach it.
    folder = Path(tempfile.mkdtemp(prefix="daybook-test-", dir="/tmp"))
    servers = Servers(folder)
    try:
        if formed is None:
            servers.make()
        else:
            servers.make_like(formed)
        yield servers
    finally:
        servers.end()
        shutil.rmtree(folder)


@asynccontextmanager
async def new_databases(servers: Servers, kinds: Sequence[str] = KINDS) -> AsyncIterator[Databases]:
    """Have migrated databases that nobody else uses for as long as the body of the `with`."""
    databases = Databases(servers, f"t{uuid4().hex[:12]}")
    name = databases.name
    make = f'create database "{name}" template "{TEMPLATE}" owner "{OWNER}" strategy wal_log'
    await _on_each(servers, kinds, make)
    try:
        yield databases
    finally:
        await _on_each(servers, kinds, f'drop database "{name}" with (force)')


async def _on_each(servers: Servers, kinds: Sequence[str], statement: str) -> None:
    async def on_one(kind: str) -> None:
        connection = await asyncpg.connect(servers.admin_dsn(kind))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    await asyncio.gather(*(on_one(kind) for kind in kinds))


def _answers(sockets: Path) -> bool:
    asked = (str(binaries() / "pg_isready"), "-q", "-h", str(sockets))
    return subprocess.run(asked, env=bare(), check=False).returncode == 0  # noqa: S603
