"""`daybook`: for who operates a machine, and for who speaks to a running Daybook."""

import click

import cli.commands
import cli.local.commands
from cli.commands.session import ToldError
from shared.errors import DaybookError


class Daybook(click.Group):
    """Whatever goes wrong ends with one sentence and one fix."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a DaybookError is told, not traced."""
        try:
            return super().invoke(ctx)
        except DaybookError as error:
            raise ToldError(error) from error


@click.group(cls=Daybook)
def daybook() -> None:
    """An event-sourced CRM that remembers everything, explains every answer and proves it."""


cli.local.commands.register(daybook)
cli.commands.register(daybook)

if __name__ == "__main__":
    daybook(prog_name="daybook")
