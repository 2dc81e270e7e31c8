"""`daybook`: for who operates a machine, and for who speaks to a running Daybook."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

import cli.commands
import cli.local.commands
from cli.commands.session import MisusedError, ToldError
from shared.errors import DaybookError


class Daybook(click.Group):
    """Whatever goes wrong ends with one sentence and one fix."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:  # noqa: ANN401 - click's
        """Read what was typed, as far as it is ours."""
        with _told():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a DaybookError is told, not traced."""
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DaybookError as error:
        raise ToldError(error) from error
    except NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise MisusedError(error) from error


@click.group(cls=Daybook)
def daybook() -> None:
    """An event-sourced CRM that remembers everything, explains every answer and proves it."""


cli.local.commands.register(daybook)
cli.commands.register(daybook)

if __name__ == "__main__":
    daybook(prog_name="daybook")
