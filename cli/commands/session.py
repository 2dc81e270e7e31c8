"""Every command speaks as one person, and whatever goes wrong ends with a fix, and not with 0."""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from uuid import UUID

import click
import httpx
from click.core import ParameterSource

from cli.addresses import Addresses
from cli.client import DaybookClient
from cli.commands.screen import printable
from cli.signing_in import ReadToken, given_token
from shared.errors import DaybookError, InvalidInputError

Command = Callable[..., None]
ENDED_BY_CTRL_C = 130


class ToldError(click.ClickException):
    """A DaybookError as a person reads it: one sentence, who can help, and last the fix."""

    def __init__(self, error: DaybookError) -> None:
        super().__init__(tell(error))

    def show(self, file: object = None) -> None:
        """Print it to stderr, as it is."""
        click.echo(self.message, err=True)


class MisusedError(click.UsageError):
    """What was typed is no command of ours: what is wrong with it, and last the fix."""

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(error.format_message(), error.ctx)

    def show(self, file: object = None) -> None:
        """Print it to stderr, with the usage before it."""
        command = self.ctx.command_path if self.ctx else "daybook"
        lines = [self.ctx.get_usage()] if self.ctx else []
        lines.append(f"Error: {self.message}")
        if "\nFix: " not in self.message:
            lines.append(f"Fix: `{command} --help` shows what belongs there")
        click.echo("\n".join(lines), err=True)


class CustomerId(click.ParamType):
    """The id of a customer, as `daybook find` shows it."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Return the id, or say where to find one."""
        try:
            return UUID(str(value))
        except ValueError:
            return self.fail(
                f"{value!r} is not the id of a customer.\nFix: daybook find TEXT shows the ids",
                param,
                ctx,
            )


def tell(error: DaybookError) -> str:
    """Return the error in words: what (and which field), who can help, how to mend it."""
    is_named = error.field is None or error.field in error.detail
    where = "" if is_named else f" (field: {error.field})"
    lines = [f"Error: {error.detail}{where}"]
    if error.who_can_help:
        lines.append(f"Who can help: {error.who_can_help}")
    lines.append(f"Fix: {error.fix or '`daybook logs` shows what happened'}")
    return "\n".join(printable(line) for line in lines)


def speaks_as(default_person: str) -> Callable[[Callable[..., Awaitable[None]]], Command]:
    """Give a command a client and the options that say who speaks, and to which Daybook."""

    def decorate(command: Callable[..., Awaitable[None]]) -> Command:
        @click.option(
            "--as", "person", default=default_person, show_default=True,
            help="Who you are, of the demo people; a token says so itself.",
        )  # fmt: skip
        @click.option(
            "--token-file", type=click.Path(dir_okay=False, path_type=Path),
            help="The file with your access token.  [default: the variable DAYBOOK_TOKEN]",
        )  # fmt: skip
        @click.option(
            "--url",
            help="Where the service is that answers this."
            "  [default: its DAYBOOK_SERVICE_…_URL, or this machine]",
        )
        @click.option("--issuer", help="Where demo people sign in.  [default: this machine]")
        @functools.wraps(command)
        def run(
            *args: object, person: str, token_file: Path | None, url: str | None,
            issuer: str | None, **kwargs: object,
        ) -> None:  # fmt: skip
            async def speak() -> None:
                given = given_token(token_file)
                if given is not None:
                    _refuse_two_people()
                async with client_of(person, url, issuer, given) as client:
                    await command(client, *args, **kwargs)

            run_to_the_end(speak())

        return run

    return decorate


def client_of(
    person: str, url: str | None, issuer: str | None, given: ReadToken | None = None
) -> DaybookClient:
    """Return the client of one person; a test hands its stand-in over as the context's object."""
    transport = click.get_current_context().find_object(httpx.AsyncBaseTransport)
    addresses = Addresses.usual(url, issuer)
    return DaybookClient(person, addresses, given=given, transport=transport)


def _refuse_two_people() -> None:
    source = click.get_current_context().get_parameter_source("person")
    if source is ParameterSource.COMMANDLINE:
        raise InvalidInputError(
            "A token was given, and --as names a demo person: only one can speak.",
            field="--as",
            fix="leave --as away, or the token (--token-file, DAYBOOK_TOKEN)",
        )


def run_to_the_end(work: Coroutine[None, None, None]) -> None:
    """Run the work; a DaybookError is told and exits 1, Ctrl-C exits 130 without a word."""
    try:
        asyncio.run(work)
    except DaybookError as error:
        raise ToldError(error) from error
    except KeyboardInterrupt:
        sys.exit(ENDED_BY_CTRL_C)
