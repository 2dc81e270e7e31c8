"""What a row gives is checked as a request's body is, and turned into commands on its customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from pydantic import Field, ValidationError
from uuid6 import uuid7

from services.customers.application.customer_records import CUSTOM
from services.customers.application.importing.differing import contact_commands, custom_of
from services.customers.application.importing.entries import Entry
from services.customers.application.importing.rows import RowProblem
from services.customers.domain.customer.commands import (
    AddCustomerNote,
    ArchiveCustomer,
    AssignCustomer,
    CustomerCommand,
    MoveCustomerToStage,
    ReclassifyCustomer,
    RegisterCustomer,
    RenameCustomer,
    RestoreCustomer,
    SetCustomerFields,
    TagCustomer,
    UntagCustomer,
)
from services.customers.domain.customer.contact_points import KINDS
from services.customers.domain.customer.events import CustomerKind, Stage
from services.customers.domain.customer.given import (
    LONGEST_NOTE,
    Addresses,
    Emails,
    Name,
    Phones,
    Tags,
)
from services.customers.domain.customer.rules import decide_all, evolve_all
from services.customers.domain.customer.state import (
    NOBODY,
    ContactPoint,
    Customer,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
)
from services.customers.domain.field.rules import NO_FIELDS, Fields
from shared.given import Given
from shared.web.field_problems import in_plain_words

NOTED: Final = "Imported cells"
WHY: Final = "as an import says"
_NO_NAME: Final = RowProblem("name", "The row has no name.", "give it one")


class GivenRow(Given):
    """A row, checked; what it does not say stays as it is."""

    kind: CustomerKind | None = None
    name: Name | None = None
    emails: Emails = Field(default_factory=list)
    phones: Phones = Field(default_factory=list)
    addresses: Addresses = Field(default_factory=list)
    tags: Tags = Field(default_factory=list)
    stage: Stage | None = None
    owner: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """What a row gives, its contact points with ids that are new, and what fits nowhere."""

    given: GivenRow
    emails: tuple[CustomerEmail, ...]
    phones: tuple[CustomerPhone, ...]
    addresses: tuple[CustomerAddress, ...]
    custom: Mapping[str, object]
    note: str | None
    kept: tuple[tuple[str, str], ...]
    is_archived: bool | None

    def registration(
        self, fields: Fields, commitment: str
    ) -> tuple[RegisterCustomer, list[CustomerCommand], list[RowProblem]]:
        """Return what makes a customer of the row, what follows, and which cells did not fit.

        Raises:
            RuleBrokenError: a required custom field has no value.
        """
        its = self.given
        custom = custom_of(fields, self.custom, NOBODY)
        register = RegisterCustomer(
            its.kind or "person", its.name or "", self.emails, commitment, self.phones,
            self.addresses, tuple(its.tags), its.stage, its.owner, custom.values,
        )  # fmt: skip
        archive = [ArchiveCustomer(WHY)] if self.is_archived else []
        return register, [*self._noting(NOBODY, custom.kept), *archive], custom.odd

    def without_custom(self, owner: UUID | None) -> Customer:
        """Return the customer that a registration makes, as far as rights look at it."""
        register, more, _ = replace(self, custom={}).registration(NO_FIELDS, "")
        return evolve_all(NOBODY, decide_all(NOBODY, [replace(register, owner=owner), *more]))

    def fields(self) -> Mapping[str, object]:
        """Return the fields that the row says something of, with what it says."""
        its = self.given
        custom = {f"{CUSTOM}.{name}": value for name, value in self.custom.items()}
        said = {**its.model_dump(exclude_defaults=True), **custom}
        if self.note is not None or self.kept:
            said["notes"] = self.note
        if self.is_archived is not None:
            said["archived"] = self.is_archived
        return said

    def change(
        self, fields: Fields, customer: Customer, *, is_whole: bool
    ) -> tuple[list[CustomerCommand], list[RowProblem]]:
        """Return the commands that make the customer what the row says, and what did not fit.

        A row that is whole (it names its customer by id) also takes away what it does not list.
        """
        its = self.given
        custom = custom_of(fields, self.custom, customer)
        commands: list[CustomerCommand] = []
        # Only what differs: an archived customer refuses also what would change nothing.
        if self.is_archived is False and customer.is_archived:
            commands.append(RestoreCustomer())
        if its.kind not in {None, customer.kind}:
            commands.append(ReclassifyCustomer(its.kind))
        if its.name not in {None, customer.name}:
            commands.append(RenameCustomer(its.name))
        points: Sequence[Sequence[ContactPoint]] = (self.emails, self.phones, self.addresses)
        for kind, given in zip(KINDS, points, strict=True):
            commands += contact_commands(customer, kind, given, is_whole=is_whole)
        commands += self._facts(customer, is_whole=is_whole)
        if custom.values:
            commands.append(SetCustomerFields(custom.values))
        commands += self._noting(customer, custom.kept)
        if self.is_archived and not customer.is_archived:
            commands.append(ArchiveCustomer(WHY))
        return commands, custom.odd

    def _facts(self, customer: Customer, *, is_whole: bool) -> list[CustomerCommand]:
        its = self.given
        commands: list[CustomerCommand] = []
        wanted = {tag.casefold() for tag in its.tags}
        gone = [tag for tag in customer.tags if tag.casefold() not in wanted]
        if is_whole and wanted and gone:
            commands.append(UntagCustomer(tuple(gone)))
        if wanted - {tag.casefold() for tag in customer.tags}:
            commands.append(TagCustomer(tuple(its.tags)))
        if its.owner not in {None, customer.owner}:
            commands.append(AssignCustomer(its.owner))
        if its.stage not in {None, customer.stage}:
            commands.append(MoveCustomerToStage(its.stage, WHY))
        return commands

    def _noting(self, customer: Customer, odd: Sequence[tuple[str, str]]) -> list[CustomerCommand]:
        there = {note.text for note in customer.notes}
        texts = [] if self.note is None else [self.note]
        kept = [*self.kept, *odd]
        if kept:
            texts.append("\n".join([NOTED, *(f"{column}: {cell}" for column, cell in kept)]))
        pieces = [
            text[start : start + LONGEST_NOTE].strip()
            for text in texts
            for start in range(0, len(text), LONGEST_NOTE)
        ]
        return [AddCustomerNote(uuid7(), text) for text in pieces if text and text not in there]


def checked(entry: Entry) -> CheckedRow | RowProblem:
    """Return what a row gives, or what is wrong with it."""
    if entry.problem is not None:
        return entry.problem
    custom = entry.body.pop("custom", {})
    try:
        given = GivenRow.model_validate(entry.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        told = in_plain_words(first, GivenRow)
        return RowProblem(told.field, told.problem, told.fix)
    return CheckedRow(
        given,
        tuple(each.point(uuid7()) for each in given.emails),
        tuple(each.point(uuid7()) for each in given.phones),
        tuple(each.point(uuid7()) for each in given.addresses),
        custom if isinstance(custom, dict) else {},
        entry.note,
        tuple(entry.kept),
        entry.is_archived,
    )


def lacks_name(checked_row: CheckedRow) -> RowProblem | None:
    """Return what a row lacks that should become a customer."""
    return None if checked_row.given.name else _NO_NAME
