"""A consumer that was just written runs as its team runs it, beside a house that is served."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from cli.local.environment import bare
from cli.subscribe.writing import write_consumer
from shared.messaging.topics import CUSTOMERS
from shared.testing.verifier import token_of
from shared.testing.waiting import until
from shared.web.app import serve
from shared.web.serving import listen
from tests.ground.children import dies_with_us
from tests.ground.house import House

WITHIN_SECONDS = 40.0

# id, name, addresses, erased: what the consumer and a fold of the store must agree on.
Rows = list[tuple[str, str | None, tuple[str, ...], bool]]


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """Serve the house's api for as long as the body of the `with`; yields its address."""
    listener = listen("127.0.0.1", 0)
    stopping = asyncio.Event()
    serving = asyncio.create_task(serve(house.app, listener, stopping=stopping))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        await serving


class Consumer:
    """One consumer project, and the process that runs it."""

    def __init__(self, folder: Path, house: House, url: str) -> None:
        self.folder = folder
        self.files = write_consumer("billing", "python", CUSTOMERS.name, folder)
        (folder / "token").write_text(token_of("billing"))
        self._env = {
            **bare(),
            "PYTHONUNBUFFERED": "1",
            "DAYBOOK_TOPIC": house.topic.name,
            "DAYBOOK_KAFKA": house.kafka.bootstrap,
            "DAYBOOK_URL": url,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start `consumer.py`; what it says goes to the file `said`."""
        with (self.folder / "said").open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "consumer.py", *arguments,
                cwd=self.folder, env=self._env, stdin=asyncio.subprocess.DEVNULL,
                stdout=said, stderr=said, start_new_session=True,
                preexec_fn=dies_with_us(signal.SIGKILL),
            )  # fmt: skip
        return self._process

    async def kill(self) -> None:
        """End it with nothing tidied up."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def do(self, *arguments: str) -> int:
        """Run one of its commands to the end, beside the consumer; return its exit code."""
        running = self._process
        code = await (await self.start(*arguments)).wait()
        self._process = running
        return code

    def said(self) -> str:
        """Return all that it said."""
        return (self.folder / "said").read_text(errors="replace")

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Ask its tables, as another program of its team would; nothing while there are none."""
        file = self.folder / "state" / "current.db"
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
                return db.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def change(self, sql: str) -> None:
        """Change its state, while it does not run."""
        with closing(sqlite3.connect(self.folder / "state" / "current.db")) as db, db:
            db.execute(sql)

    def hurry(self) -> None:
        """Make it wait a second, not ten, for an answer that does not come."""
        path = self.folder / "reader.py"
        waits = "ANSWER_WITHIN_SECONDS = 10.0"
        assert waits in path.read_text()
        path.write_text(path.read_text().replace(waits, "ANSWER_WITHIN_SECONDS = 1.0"))

    def rows(self) -> Rows:
        """Return its customers, by id."""
        emails = self.ask("select customer, address from emails order by address")
        found = self.ask("select id, name, erased from customers order by id")
        return [
            (str(id_), None if name is None else str(name),
             tuple(str(address) for owner, address in emails if owner == id_), bool(erased))
            for id_, name, erased in found
        ]  # fmt: skip

    async def level_with(self, house: House) -> None:
        """Return once it holds what a fold of the store says."""

        async def is_level() -> bool:
            return self.rows() == await folded(house)

        try:
            await until(is_level, WITHIN_SECONDS, what="that the consumer ends as the store says")
        except AssertionError as error:
            error.add_note(self.said())
            raise

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        return await process.wait()


@asynccontextmanager
async def a_consumer(house: House, url: str, folder: Path) -> AsyncIterator[Consumer]:
    """Have a consumer project, not running; whatever runs of it ends with the `with`."""
    its = Consumer(folder, house, url)
    try:
        yield its
    finally:
        await its.kill()


async def folded(house: House) -> Rows:
    """Return every customer as a fold of the store says."""
    return [
        (str(row.id), row.name, tuple(sorted(a for _, a in row.emails if a)), row.is_erased)
        for row in await house.fold_all()
    ]
