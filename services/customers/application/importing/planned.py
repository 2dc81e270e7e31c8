"""What is known of a batch of rows, and what it will write: decided first, written afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from services.customers.application.importing.customers import WholeCustomer
from services.customers.application.importing.reading import ReadRow
from services.customers.application.importing.rows import RowProblem
from services.customers.application.permitting import Writing
from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.customer.rules import evolve_all
from services.customers.domain.customer.state import Customer
from shared.security.subject_keys import SubjectKey

What = Literal["refused", "kept", "left", "created", "changed"]


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A mark that an earlier row had, and whose it is."""

    customer_id: UUID
    content: bytes | None
    import_id: UUID


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for a batch: marks by (key, nth), customers by id."""

    keys: Mapping[tuple[bytes, int], KnownKey]
    customers: Mapping[UUID, WholeCustomer]


@dataclass(slots=True)
class Target:
    """A customer that the batch writes to: how it is, and what will be appended."""

    id: UUID
    customer: Customer
    version: int
    key: SubjectKey
    events: list[CustomerEvent] = field(default_factory=list)

    @property
    def new_version(self) -> int:
        """The version after what was decided until now."""
        return self.version + len(self.events)

    def take(self, events: Sequence[CustomerEvent]) -> None:
        """Have more to append."""
        self.customer = evolve_all(self.customer, events)
        self.events += events


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What one row does to its customer."""

    number: int
    target: Target
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PlannedKey:
    """A mark to keep."""

    key: bytes
    nth: int
    customer_id: UUID
    content: bytes
    is_new: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to tell of a row; `is_bare` keeps what stands in the row out of it."""

    row: ReadRow
    what: What
    problem: RowProblem | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    is_bare: bool = False


@dataclass(slots=True)
class Plan:
    """All that a batch writes, by what its importer may write."""

    writing: Writing
    counts: Counter[str] = field(default_factory=Counter)
    targets: dict[UUID, Target] = field(default_factory=dict)
    rows: list[PlannedRow] = field(default_factory=list)
    keys: dict[tuple[bytes, int], PlannedKey] = field(default_factory=dict)
    notes: list[Noted] = field(default_factory=list)
