"""Which customers somebody wants to see, and in which order: a text, filters, a sort, a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from services.customers.projections.spelling import spelled

SortField = Literal["name", "changed_at", "registered_at"]
Archived = Literal["no", "only", "also"]
SORTS: Final[Sequence[str]] = tuple(
    f"{sign}{name}" for name in get_args(SortField) for sign in ("", "-")
)
COLUMNS: Final[Mapping[str, str]] = {
    "name": "sort_name",
    "changed_at": "changed_at",
    "registered_at": "registered_at",
}
# Each has a column and an index of its own, in the order of names.
_INDEXED: Final = ("stage", "owner", "country")

Place = Sequence[str | int]
"""The sort key of the last row of a page."""


class Values:
    """The values of a statement, numbered as they are mentioned."""

    def __init__(self) -> None:
        self.given: list[object] = []

    def add(self, value: object) -> str:
        """Take one more; return how the statement mentions it."""
        self.given.append(value)
        return f"${len(self.given)}"


def facet(field: str, value: object) -> str:
    """Return what a customer whose field has this value can be filtered by, whatever its case."""
    if isinstance(value, bool):
        return f"{field}={'yes' if value else 'no'}"
    return f"{field}={spelled(str(value))}"


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows by one column, then by id."""

    column: str = "sort_name"
    is_descending: bool = False

    @classmethod
    def of(cls, sort: str) -> "Order":
        """Return the order that one of SORTS means."""
        return cls(COLUMNS[sort.removeprefix("-")], sort.startswith("-"))

    @property
    def sql(self) -> str:
        """What stands behind `order by`."""
        way = " desc" if self.is_descending else ""
        return f"d.{self.column}{way}, d.id{way}"

    def place(self, row: Mapping[str, Any]) -> Place:
        """Return the place of a row."""
        key = row[self.column]
        return [key.isoformat() if isinstance(key, datetime) else key, str(row["id"])]

    def behind(self, place: Place, values: Values) -> str:
        """Return the condition that a row comes after this place."""
        key: object = str(place[0])
        if self.column != "sort_name":
            key = datetime.fromisoformat(str(place[0]))
        sign = "<" if self.is_descending else ">"
        return (
            f"(d.{self.column}, d.id) {sign} ({values.add(key)}, {values.add(UUID(str(place[1])))})"
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which customers, in which order; without `sort` a text is answered by rank, all else by name.

    `filters` are pairs of a field (stage, owner, organisation, tag, kind, country, custom.NAME) and
    the value that it must have; of tags and choices all that are named.
    """

    text: str | None = None
    filters: Sequence[tuple[str, str]] = ()
    archived: Archived = "no"
    sort: str | None = None

    @property
    def order(self) -> Order:
        """The order where no text is ranked."""
        return Order.of(self.sort or "name")

    @property
    def query(self) -> str:
        """What makes this one query and no other; a page token holds for it alone."""
        return repr((self.text or "", sorted(self.filters), self.archived, self.sort or ""))

    def conditions(self, values: Values) -> list[str]:
        """Return what a row `d` of the directory must be."""
        found = []
        if self.archived != "also":
            found.append("d.is_archived" if self.archived == "only" else "not d.is_archived")
        facets = []
        for name, value in self.filters:
            if name in _INDEXED:
                found.append(f"d.{name} = {values.add(value)}")
            else:
                facets.append(facet(name, value))
        if facets:
            found.append(f"d.facets @> {values.add(sorted(facets))}::text[]")
        return found
