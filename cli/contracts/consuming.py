"""No field that a registered consumer reads goes away; the build names consumer and owner."""

from collections.abc import Iterable, Iterator, Sequence

from cli.contracts.gathering import TopicContracts
from cli.contracts.problems import Problem
from cli.contracts.schemas import EventContract, fields_of
from shared.messaging.consumers import RegisteredConsumer

Registered = Iterable[RegisteredConsumer]


def unserved(consumers: Registered, topics: Sequence[TopicContracts]) -> Iterator[Problem]:
    """Yield everything that a registered consumer reads and would not get."""
    by_name = {topic.published.topic.name: topic for topic in topics}
    for consumer in consumers:
        for topic, reads in consumer.reads.items():
            if topic not in by_name:
                yield _problem(consumer, f"the topic {topic}, which there is not")
                continue
            for what, fields in reads.items():
                yield from _missing(consumer, by_name[topic], what, fields)


def expiring(consumers: Registered, topics: Sequence[TopicContracts]) -> Iterator[str]:
    """Yield a note on every field that will go (`deprecated`) and is still read."""
    for topic in topics:
        for contract in topic.current.values():
            will_go = {
                _bare(f.name): f.name for f in fields_of(contract) if "deprecated" in f.schema
            }
            for consumer in consumers:
                for field in fields_read(consumer, topic, contract):
                    if _bare(field) in will_go:
                        yield f"{whose(consumer)} still reads {field} of {contract.type}."


def fields_read(
    consumer: RegisteredConsumer, topic: TopicContracts, contract: EventContract
) -> list[str]:
    """Return the fields of this event that the consumer reads; none if it does not read it."""
    reads = consumer.reads.get(topic.published.topic.name, {})
    return sorted({*reads.get(contract.type, ()), *reads.get(contract.name, ())})


def is_reader(consumer: RegisteredConsumer, topic: TopicContracts, contract: EventContract) -> bool:
    """Say whether the consumer reads this event, were it only to know that it happened."""
    reads = consumer.reads.get(topic.published.topic.name, {})
    return contract.type in reads or contract.name in reads


def whose(consumer: RegisteredConsumer) -> str:
    """Return the consumer's name with its owner, as a problem tells it."""
    return f"{consumer.name} ({consumer.owner.team}, {consumer.owner.contact})"


def _missing(
    consumer: RegisteredConsumer, topic: TopicContracts, what: str, fields: Sequence[str]
) -> Iterator[Problem]:
    kind, _, version = what.partition(".")
    current = topic.current.get(kind)
    if current is None:
        yield _problem(consumer, f"{kind}, which {topic.published.topic.name} does not have")
        return
    contract = current
    if version:
        named = {c.name: c for c in topic.all}
        if what not in named:
            yield _problem(consumer, f"{kind} of version {version}, which there is not")
            return
        contract = named[what]
        if not is_reader(consumer, topic, current):
            yield _problem(
                consumer, f"{kind} of version {version} only, and version {current.version} is new"
            )
    there = {_bare(field.name) for field in fields_of(contract)}
    for field in fields:
        if _bare(field) not in there:
            yield _problem(
                consumer, f"{field} of {kind}, which version {contract.version} does not have"
            )


def _bare(field: str) -> str:
    return field.replace("[]", "")


def _problem(consumer: RegisteredConsumer, what: str) -> Problem:
    return Problem(
        f"{whose(consumer)} reads {what}.",
        f"keep it, or agree with {consumer.owner.team} and change"
        f" docs/contracts/consumers/{consumer.name}.json together",
    )
