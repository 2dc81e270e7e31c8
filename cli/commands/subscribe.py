"""Another team subscribes to our events: one command writes the consumer, and says what is next."""

from pathlib import Path

import click

from cli.commands.screen import say, show
from cli.subscribe.writing import LANGUAGES, write_consumer
from shared.messaging.topics import CUSTOMERS


@click.group()
def subscribe() -> None:
    """Read our events from a program of your own."""


@subscribe.command()
@click.argument("name")
@click.option(
    "--lang", "language", type=click.Choice(LANGUAGES), default="python", show_default=True,
    help="What the consumer is written in.",
)  # fmt: skip
@click.option("--topic", default=CUSTOMERS.name, show_default=True, help="The topic it reads.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), help="Where to.  [default: ./NAME]"
)
def new(name: str, language: str, topic: str, folder: Path | None) -> None:
    """Write a consumer called NAME: it runs as it is, and its code is yours."""
    folder = folder or Path(name)
    for path in write_consumer(name, language, topic, folder):
        show(str(path))
    say(f"Next: cd {folder}; README.md says how to run it, and what is yours to change.")
