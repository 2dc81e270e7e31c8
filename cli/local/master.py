"""`daybook keys`: the master key of this machine is replaced while everything runs."""

import os
from pathlib import Path

import click

from cli.local import lock
from cli.local.keyfiles import new_key_file
from cli.local.paths import Place
from cli.local.services import SERVICES
from cli.local.stores import security_settings, store_settings
from shared.clock import Clock
from shared.errors import UnavailableError
from shared.service.rewrap import rewrap_keys


async def rotate(place: Place, clock: Clock) -> None:
    """Make new master keys, keep the former beside them, and wrap every subject key anew.

    Raises:
        UnavailableError: nothing runs here, or the key database does not answer.
    """
    _refuse_unless_running(place)
    former = [replace_master_key(place.secrets_of(each.name), clock) for each in SERVICES]
    for key in former:
        click.echo(f"A new master key wraps from now on; the former one is {key}.")
    await rewrap_all(place)
    for key in former:
        click.echo(
            f"Remove {key} when no backup of the key database from before today is needed any more."
        )


async def rewrap_all(place: Place) -> None:
    """Wrap with the master key of now whatever another one wrapped.

    Raises:
        UnavailableError: nothing runs here, or the key database does not answer.
    """
    _refuse_unless_running(place)
    done = 0
    for service in SERVICES:
        done += await rewrap_keys(
            service,
            store_settings(place, service),
            security_settings(place, service),
            lambda so_far: click.echo(f"{so_far:,} subject keys wrapped anew", err=True),
        )
    click.echo(f"{done:,} subject keys were wrapped anew; no other master key is used now.")


def replace_master_key(folder: Path, clock: Clock) -> Path:
    """Put a new master key in place of the one that wraps; return where the former one is now.

    There is a whole master key at every moment.
    """
    current = folder / "master.key"
    former = folder / f"master.{clock.now():%Y%m%dT%H%M%S}.key"
    os.link(current, former)
    new_key_file(folder / "master.new").rename(current)
    return former


def _refuse_unless_running(place: Place) -> None:
    if lock.holder(place.lock) is None:
        raise UnavailableError(f"No Daybook runs in {place.shown}.", fix="daybook up --detach")
