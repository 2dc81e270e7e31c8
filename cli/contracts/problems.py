"""What must not be published says in one sentence why, and in another what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from cli.contracts.gathering import TopicContracts
from cli.contracts.schemas import EventContract, fields_of


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason not to publish."""

    what: str
    fix: str

    def __str__(self) -> str:
        """Say both, as a terminal shows them."""
        return f"{self.what}\n  Fix: {self.fix}"


def unfinished(contracts: TopicContracts) -> Iterator[Problem]:
    """Yield what is missing: a meaning, an example."""
    examples = contracts.examples()
    for contract in contracts.current.values():
        yield from _meaningless(contract)
        if contract.name not in examples:
            yield Problem(
                f"{contract.type} has no example.",
                "let it happen in the topic's story in cli/contracts/stories.py",
            )


def _meaningless(contract: EventContract) -> Iterator[Problem]:
    if not contract.meaning or contract.meaning.startswith("A fact in the past tense"):
        yield Problem(
            f"{contract.type} does not say what it means.", "write a docstring for its class"
        )
    for field in fields_of(contract):
        if "description" not in field.schema:
            yield Problem(
                f"{contract.type} does not say what {field.name} means.",
                "write a docstring under the field",
            )
