"""`daybook restore --check` says what a start would find, with nothing but PostgreSQL running."""

import click

from cli.local import lock
from cli.local.machine import postgres_programs
from cli.local.paths import Place
from cli.local.postgres import make_socket_folders, remove_socket_folders, servers
from cli.local.program import Tier
from cli.local.stores import check_stores, prepare_stores, security_settings, store_settings
from cli.local.supervisor import Supervisor
from services.customers.roles.ledger import line_of, replay_ledger
from services.customers.roles.service import SERVICE as CUSTOMERS
from shared.clock import Clock
from shared.errors import NotFoundError
from shared.service.check import lines_of
from shared.service.service import Service


class _NobodyWatches:
    def tell(self, sentence: str) -> None:
        """Say it to the person who asked for the check."""
        click.echo(sentence, err=True)

    def on_change(self) -> None:
        """Keep no board: this is over in a moment."""


async def restore_check(place: Place, clock: Clock, service: Service) -> bool:
    """Check the store of one service, mend it, print what was found; return whether all was well.

    The servers are used as they are if this Daybook runs, and else started for the check alone.

    Raises:
        NotFoundError: there is no store here.
        UnavailableError: a server does not start or answer.
    """
    if not all(server.is_initialised for server in servers(place)):
        raise NotFoundError(f"there is no store in {place.shown}", fix="daybook up")
    if lock.holder(place.lock) is not None:
        return await _checked(place, service)
    with lock.hold(place.lock):
        supervisor = Supervisor(place.logs, _NobodyWatches(), clock)
        make_socket_folders(place)
        try:
            await supervisor.start(*postgres_programs(place))
            await prepare_stores(place, supervisor, service)
            return await _checked(place, service)
        finally:
            await supervisor.stop(Tier.POSTGRES)
            remove_socket_folders(place)


async def _checked(place: Place, service: Service) -> bool:
    report, epoch = await check_stores(place, service)
    for line in lines_of(report, epoch):
        click.echo(line)
    is_well = not report.problems
    if service.name == CUSTOMERS.name:  # who erases has a ledger of it
        replayed = await replay_ledger(
            store_settings(place, service), security_settings(place, service)
        )
        click.echo(line_of(replayed))
        is_well = is_well and replayed.is_nothing
    return is_well
