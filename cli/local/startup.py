"""A Daybook comes up in steps, each seen to work before the next one leans on it."""

import asyncio
import shutil
from collections.abc import Mapping
from uuid import uuid4

from cli.local import environment
from cli.local.demo.loading import is_loaded, load
from cli.local.kafka import Node
from cli.local.keyfiles import make_key_files, make_service_keys
from cli.local.machine import (
    broker_program,
    issuer_program,
    kafka_node,
    postgres_programs,
    service_program,
    streams_program,
    watching_program,
    worker_program,
)
from cli.local.paths import Place
from cli.local.postgres import Server, give_to_server_user, make_socket_folders, servers
from cli.local.preflight import refuse_obstacles
from cli.local.proof import Proof, prove
from cli.local.rights import is_set_up, set_up
from cli.local.screen import Screen
from cli.local.services import SERVICES
from cli.local.stores import check_stores, prepare_stores
from cli.local.supervisor import Supervisor
from cli.local.tally import Tally, count_stored, keep_tally, read_tally
from shared.clock import Clock
from shared.service.check import lines_of
from shared.service.service import Service


class Startup:
    """One start: `run` it once, with a supervisor that keeps what it starts."""

    def __init__(
        self, place: Place, screen: Screen, supervisor: Supervisor, clock: Clock, *, with_demo: bool
    ) -> None:
        self._place = place
        self._screen = screen
        self._supervisor = supervisor
        self._clock = clock
        self._with_demo = with_demo

    async def run(self) -> Mapping[str, Proof]:
        """Bring everything up and return what proves it, by service.

        Raises:
            DaybookError: something stands in the way; the caller stops what was started.
        """
        step = self._screen.step
        async with step("this machine: ports, disk, user, checksums"):
            await refuse_obstacles(self._place)
            make_key_files(self._place.secrets)
            for service in SERVICES:
                make_service_keys(self._place.secrets_of(service.name))
        async with step("PostgreSQL: truth, views, keys"):
            await self._start_postgres()
        async with step("broker (Kafka protocol) and token issuer"):
            await self._start_broker_and_issuer()
        async with step("databases and migrations"):
            await self._migrate()
        if not await is_set_up(self._place):
            async with step("who may do what: the default policy, the people of the demo"):
                await set_up(self._place, self._supervisor)
        truth = servers(self._place)[0].admin_dsn
        stored = {service.name: await count_stored(truth, service) for service in SERVICES}
        async with step(f"services: {', '.join(stored)}"):
            since = self._clock.monotonic()
            await self._supervisor.start(
                *(service_program(self._place, name) for name in stored),
                streams_program(self._place),
                watching_program(self._place),
                worker_program(self._place),
            )
        async with step("a canary event of each makes the whole trip"):
            proofs = await self._prove(since, stored)
        if self._with_demo and not is_loaded(self._place):
            async with step("demo data"):
                await self._load_demo()
        return proofs

    async def _start_postgres(self) -> None:
        make_socket_folders(self._place)
        await asyncio.gather(*map(self._initialise, servers(self._place)))
        await self._supervisor.start(*postgres_programs(self._place))

    async def _initialise(self, server: Server) -> None:
        """Make a data folder beside its place, then name it: there is a whole one or none."""
        if server.is_initialised:
            return
        draft = server.data.with_suffix(".new")
        if draft.exists():  # an earlier start was interrupted here
            shutil.rmtree(draft)
        give_to_server_user(draft, self._place.uid)
        command = server.initdb_command(draft)
        await self._supervisor.run_once(f"initdb-{server.kind}", command, environment.bare())
        draft.rename(server.data)

    async def _start_broker_and_issuer(self) -> None:
        if self._place.broker == "kafka":
            await self._format_kafka(kafka_node(self._place))
        await self._supervisor.start(broker_program(self._place), issuer_program(self._place))

    async def _format_kafka(self, node: Node) -> None:
        """Make its data folder as those of PostgreSQL are made: whole, then named."""
        node.write_properties(node.data)
        if node.data.exists():
            return
        draft = node.data.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        node.write_properties(draft)
        command = node.format_command(uuid4(), draft)
        await self._supervisor.run_once("format-kafka", command, environment.bare())
        draft.rename(node.data)

    async def _migrate(self) -> None:
        await asyncio.gather(*map(self._migrate_one, SERVICES))

    async def _migrate_one(self, service: Service) -> None:
        await prepare_stores(self._place, self._supervisor, service)
        report, epoch = await check_stores(self._place, service)
        if report.problems:
            self._screen.say("\n".join([f"{service.name}:", *lines_of(report, epoch)]))

    async def _prove(self, since: float, stored: Mapping[str, Tally]) -> Mapping[str, Proof]:
        proofs = [self._prove_one(each, since, stored[each.name]) for each in SERVICES]
        return dict(zip(stored, await asyncio.gather(*proofs), strict=True))

    async def _prove_one(self, service: Service, since: float, stored: Tally) -> Proof:
        def on_progress(published: int) -> None:
            there = min(published, stored.events)  # what came since the start is not counted
            if there:
                self._screen.detail(f"{there:,} of {stored.events:,} events refilled")

        tally = self._place.tally_of(service.name)
        proof = await prove(
            self._place,
            service,
            self._clock,
            since=since,
            before=read_tally(tally),
            stored=stored,
            on_progress=on_progress,
        )
        keep_tally(tally, stored)
        return proof

    async def _load_demo(self) -> None:
        def on_progress(file: str, rows: int) -> None:
            self._screen.detail(f"{file}, {rows:,} rows")

        loaded = await load(self._place, on_progress)
        self._screen.detail(f"{loaded.customers:,} customers, {loaded.refused:,} rows refused")
