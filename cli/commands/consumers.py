"""An operator sees in one table who reads our events, whose it is, and who has fallen silent."""

from collections.abc import Iterator, Sequence

import click

from cli.answers import ConsumedTopic, RegisteredConsumer
from cli.client import DaybookClient
from cli.commands.screen import NOTHING, show, show_table
from cli.commands.session import speaks_as

HEADINGS = ("consumer", "owner", "contact", "topic", "version", "state", "last seen", "behind")
STATES = {
    "reading": "reading",
    "never-seen": "NEVER SEEN",
    "silent": "SILENT",
    "partly-silent": "PARTLY SILENT",
    "ahead": "AHEAD OF US",
}
STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


@click.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("oscar")
async def consumers(client: DaybookClient, *, is_json: bool) -> None:
    """List the registered consumers: whose they are, when last seen, how far behind."""
    found = await client.consumers()
    if is_json:
        show(found.as_json())
        return
    show_table(HEADINGS, list(rows_of(found.items)))


def rows_of(consumers: Sequence[RegisteredConsumer]) -> Iterator[tuple[str, ...]]:
    """Yield one row per consumer and topic."""
    for consumer in consumers:
        for topic in consumer.topics:
            yield (
                consumer.name,
                consumer.owner.team,
                consumer.owner.contact,
                topic.topic,
                _version(consumer.version, topic.running_versions),
                STATES.get(topic.state, topic.state),
                NOTHING if topic.age_seconds is None else f"{_age(topic.age_seconds)} ago",
                _behind(topic),
            )


def _version(registered: str, running: Sequence[str]) -> str:
    """Return the version that runs; where another one is registered, both."""
    if not running or list(running) == [registered]:
        return registered
    return f"{', '.join(running)} (registered {registered})"


def _age(seconds: float) -> str:
    for size, unit in STEPS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:.0f} s"


def _behind(topic: ConsumedTopic) -> str:
    if topic.lag_events is None or topic.state == "ahead":
        return NOTHING
    # A silent one may have read on since: its last marks say at most how far behind it is.
    return f"{topic.lag_events}" if topic.state == "reading" else f"up to {topic.lag_events}"
