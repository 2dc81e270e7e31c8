"""A house whose directory has versions, and people who write meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from uuid6 import uuid7

from services.customers.application.erasing import CustomerErasures
from services.customers.domain.customer.commands import RegisterCustomer, RenameCustomer
from services.customers.domain.customer.state import CustomerEmail
from shared.errors import VersionConflictError
from shared.projecting.projector import Projector
from shared.testing.waiting import until
from tests.ground.house import House

ACTOR = "somebody"


@dataclass(slots=True)
class Rebuilding:
    """What the tests of versions ask of a house."""

    house: House
    projector: Projector
    dice: Random

    @property
    def erasures(self) -> CustomerErasures:
        """Who erases customers."""
        return self.house.erasures

    async def register(self, number: int) -> list[UUID]:
        """Register so many customers, each with a name of its own."""
        done = [
            await self.house.commands.register_customer(
                RegisterCustomer(
                    "person", f"Ada {n}", (CustomerEmail(uuid7(), f"ada{n}@work.example"),)
                ),
                actor=ACTOR,
                may=None,
            )
            for n in range(number)
        ]
        return [outcome.customer.id for outcome in done]

    @asynccontextmanager
    async def under_load(self, customers: list[UUID]) -> AsyncIterator[None]:
        """Rename them and register others, as long as the body of the `with` runs."""
        stop = asyncio.Event()
        writing = asyncio.create_task(self._write(customers, stop))
        try:
            yield
        finally:
            stop.set()
            await writing

    async def _write(self, customers: list[UUID], stop: asyncio.Event) -> None:
        commands = self.house.commands
        while not stop.is_set():
            customer_id = self.dice.choice(customers)
            loaded = await self.house.reader.load(customer_id)
            name = f"Bea {self.dice.randrange(1000)}"
            try:
                await commands.change_customer(
                    customer_id, loaded.version, RenameCustomer(name), actor=ACTOR, may=None
                )
            except VersionConflictError:
                continue
            await commands.register_customer(
                RegisterCustomer("organisation", name), actor=ACTOR, may=None
            )

    async def states(self) -> dict[int, str]:
        """Return the state of each version."""
        rows = await self.house.ask(
            "views", "select version, state from projection_versions where projection = 'directory'"
        )
        return {row["version"]: row["state"] for row in rows}

    async def answers(self, version: int) -> None:
        """Return once this version answers."""

        async def it_does() -> bool:
            return (await self.states()).get(version) == "current"

        await until(it_does, what=f"that version {version} answers")

    async def rows(self, version: int) -> list[tuple[Any, ...]]:
        """Return all rows of one version, by id."""
        found = await self.house.ask(
            "views", f"select * from directory_{version}.directory order by id"
        )
        return [tuple(row) for row in found]

    async def whole_marks(self, version: int) -> list[tuple[int, ...]]:
        """Return partition, epoch, number, txid, position, offset of a version's marks."""
        sql = """select partition, epoch, feed_position, txid, position, kafka_offset
            from projection_marks where version = $1 and feed_position > 0 order by 1"""
        return [tuple(row) for row in await self.house.ask("views", sql, version)]

    async def applied(self, version: int) -> dict[int, int]:
        """Return how many events of each partition a version has."""
        return {mark[0]: mark[2] for mark in await self.whole_marks(version)}

    async def are_level(self, *versions: int) -> None:
        """Return once these versions and the store are at the same place."""

        async def they_are() -> bool:
            stored = await self.house.stored()
            return all([await self.applied(version) == stored for version in versions])

        await until(they_are, what=f"that versions {versions} have every event of the store")
