"""Anybody on this machine can have a demo person's token, and hand it to any other program."""

import click

from cli.addresses import Addresses
from cli.commands.screen import show
from cli.commands.session import client_of, run_to_the_end


@click.command()
@click.argument("person")
@click.option("--issuer", help="Where demo people sign in.  [default: this machine]")
def token(person: str, issuer: str | None) -> None:
    """Print an access token of PERSON, and nothing else.

    PERSON is one of the demo people (alice, oscar, …) or the service account billing.
    """

    async def ask() -> None:
        async with client_of(person, None, issuer or Addresses.usual().issuer) as client:
            show(await client.token())

    run_to_the_end(ask())
