"""`daybook up` keeps a whole Daybook running until somebody says stop, and then stops all of it."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress

import click

from cli.local import lock
from cli.local.board import Board
from cli.local.paths import Place
from cli.local.postgres import remove_socket_folders, servers
from cli.local.preflight import make_folders
from cli.local.program import Tier
from cli.local.screen import Screen
from cli.local.services import SERVICES
from cli.local.startup import Startup
from cli.local.summary import ready_text
from cli.local.supervisor import Supervisor
from cli.local.tally import count_published, count_stored, keep_tally
from shared.authorization.people import DEMO_PEOPLE
from shared.clock import Clock
from shared.errors import UnavailableError

COUNT_EVERY_SECONDS = 5.0
LAST_COUNT_SECONDS = 0.4


async def up(place: Place, screen: Screen, clock: Clock, *, with_demo: bool) -> None:
    """Start, run until SIGINT, SIGTERM or SIGHUP, stop.

    Raises:
        DaybookError: it could not start, or not go on; all that had been started is stopped.
    """
    make_folders(place)
    with lock.hold(place.lock):
        run = Run(place, screen, clock)
        try:
            await _until_stopped(run.start_and_go_on(with_demo=with_demo))
        finally:
            await run.stop()


class Run:
    """One run from start to stop; it is also the supervisor's watcher."""

    def __init__(self, place: Place, screen: Screen, clock: Clock) -> None:
        self._place = place
        self._screen = screen
        self._clock = clock
        self._board = Board(supervisor=os.getpid(), phase="starting", since=clock.now())
        self._supervisor = Supervisor(place.logs, self, clock)
        self.on_change()

    async def start_and_go_on(self, *, with_demo: bool) -> None:
        """Start everything and never return; raise when it cannot go on."""
        began = self._clock.monotonic()
        self._screen.say(click.style(f"Daybook starts in {self._place.shown}", bold=True))
        startup = Startup(
            self._place, self._screen, self._supervisor, self._clock, with_demo=with_demo
        )
        proofs = await startup.run()
        took = self._clock.monotonic() - began
        self._screen.say()
        self._screen.say(ready_text(self._place, proofs, DEMO_PEOPLE, took))
        self._screen.say(
            "\nCtrl-C or `daybook down` stops everything; the next start goes on with this data."
        )
        # Last, because whoever started it detached reads on until then.
        self._board.phase = "ready"
        self.on_change()
        await asyncio.gather(self._supervisor.watch(), self._keep_counting())

    async def stop(self) -> None:
        """Stop tier by tier, and count what the next start must find again."""
        began = self._clock.monotonic()
        self._board.phase = "stopping"
        self.on_change()
        await self._supervisor.stop(Tier.SERVICES)
        await self._count_for_the_last_time()
        await self._supervisor.stop(Tier.BROKER)
        await self._supervisor.stop(Tier.POSTGRES)
        remove_socket_folders(self._place)
        self.on_change()
        if not self._supervisor.kept:
            return
        took = self._clock.monotonic() - began
        self._screen.say(f"\nStopped in {took:.1f} s; the data is kept in {self._place.shown}.")

    def tell(self, sentence: str) -> None:
        """Say at what time something happened to a program."""
        with suppress(OSError):  # whoever listened has left; what runs goes on
            self._screen.say(f"  {self._clock.now():%H:%M:%S} UTC  {sentence}")

    def on_change(self) -> None:
        """Write the board anew."""
        with suppress(OSError):  # a full disk stops no program; `status` checks what it reads
            self._board.show(self._supervisor.kept, self._place.board)

    async def _keep_counting(self) -> None:
        """Keep a number outside the databases, where a loss inside them can be seen."""
        while True:
            await asyncio.sleep(COUNT_EVERY_SECONDS)
            with suppress(UnavailableError):  # it restarts: count the next time
                for service in SERVICES:
                    tally = await count_published(self._truth, service)
                    if tally:
                        keep_tally(self._place.tally_of(service.name), tally)

    async def _count_for_the_last_time(self) -> None:
        """Nothing writes any more, so this is exact; a huge store is not worth a slow stop."""
        with suppress(UnavailableError, TimeoutError):
            async with asyncio.timeout(LAST_COUNT_SECONDS):
                for service in SERVICES:
                    stored = await count_stored(self._truth, service)
                    keep_tally(self._place.tally_of(service.name), stored)

    @property
    def _truth(self) -> str:
        return servers(self._place)[0].admin_dsn


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run the work until it fails (raise that) or somebody asks us to stop (cancel it)."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, asked.set)
    task, stop = asyncio.create_task(work), asyncio.create_task(asked.wait())
    await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task
