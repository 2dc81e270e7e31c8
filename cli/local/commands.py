"""The commands of `daybook` that run one machine."""

import asyncio
import os
import sys
from dataclasses import replace

import click

from cli.local.detach import up_detached
from cli.local.down import down
from cli.local.logs import logs
from cli.local.master import rewrap_all, rotate
from cli.local.paths import Place
from cli.local.restore import restore_check
from cli.local.screen import Screen
from cli.local.services import SERVICES, service_named
from cli.local.status import status
from cli.local.up import up
from services.customers.roles.service import SERVICE as CUSTOMERS
from shared.clock import SystemClock
from shared.settings import BrokerKind


def register(group: click.Group) -> None:
    """Add the commands to `daybook`."""
    every = (up_command, down_command, status_command, logs_command, restore_command, keys)
    for command in every:
        group.add_command(command)


@click.command("up")
@click.option("--detach", is_flag=True, help="Return when all is ready and leave it running.")
@click.option("--demo/--no-demo", default=True, help="Import the demo data at the first start.")
@click.option(
    "--broker",
    type=click.Choice(["embedded", "kafka"]),
    default="embedded",
    help="In memory, or Apache Kafka (make up BROKER=kafka fetches it).",
)
def up_command(*, detach: bool, demo: bool, broker: BrokerKind) -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    clock = SystemClock()
    place = replace(_place(), broker=broker)
    if detach:
        asyncio.run(up_detached(place, with_demo=demo))
    else:
        asyncio.run(up(place, Screen(clock), clock, with_demo=demo))


@click.command("down")
def down_command() -> None:
    """Stop everything on this machine; the data stays."""
    down(_place(), SystemClock())


@click.command("status")
def status_command() -> None:
    """Show every process and the last canary; exit 1 unless all is well."""
    if not asyncio.run(status(_place(), SystemClock())):
        sys.exit(1)


@click.command("logs")
@click.argument("name", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
def logs_command(name: str | None, *, follow: bool) -> None:
    """Show the last lines of one process's log, or of all."""
    logs(_place(), name, follow=follow)


@click.command("restore")
@click.option("--check", is_flag=True, required=True, help="Look, and begin the next epoch.")
@click.option(
    "--service",
    type=click.Choice([each.name for each in SERVICES]),
    default=CUSTOMERS.name,
    show_default=True,
)
def restore_command(*, check: bool, service: str) -> None:
    """Find out whether a restored store went back in time; exit 1 if a new epoch began.

    Each start does the same by itself. The restore is done by the tools of PostgreSQL.
    """
    if not asyncio.run(restore_check(_place(), SystemClock(), service_named(service))):
        sys.exit(1)


@click.group()
def keys() -> None:
    """Replace the master key that all subject keys are wrapped with."""


@keys.command("rotate")
def rotate_command() -> None:
    """Make a new master key and wrap every subject key anew; everything goes on meanwhile."""
    asyncio.run(rotate(_place(), SystemClock()))


@keys.command("rewrap")
def rewrap_command() -> None:
    """Go on with a rotation that was interrupted."""
    asyncio.run(rewrap_all(_place()))


def _place() -> Place:
    return Place.from_environment(os.environ)
