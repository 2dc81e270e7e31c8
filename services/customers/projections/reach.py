"""Nobody's lists and searches hold more than what each check would allow: it is asked for in SQL.

The rows of which a caller may see anything are one condition. Contacts that are not shown of every
row are another, so that nobody is found by what the searcher may not see.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Final

from services.customers.projections.searchable import ADDRESS, EMAIL, PHONE
from services.customers.projections.wanted import Values
from shared.authorization.condition_sql import Column
from shared.authorization.filtering import EVERYTHING, NOTHING, Columns
from shared.authorization.permissions import Permission
from shared.authorization.rights import Rights
from shared.authorization.state import RESTRICTED

TYPE: Final = "customer"
CONTACTS: Final[Mapping[str, str]] = {EMAIL: "emails", PHONE: "phones", ADDRESS: "addresses"}
"""The sign of a line of what can be searched → the field that it is of."""
COLUMNS: Final = Columns(
    TYPE,
    "d.id",
    "d.owner",
    owner_type="text",
    attributes={
        "kind": Column("d.kind", "text"),
        "stage": Column("d.stage", "text"),
        "archived": Column("d.is_archived", "boolean"),
        "tags": Column(
            "array(select jsonb_array_elements_text(d.details -> 'tags'))", "texts"
        ),
    },
)  # fmt: skip
"""A row `d` of the directory."""
TEXT: Final = "t.search"


class Reach:
    """What of the directory one caller may see now, for one permission."""

    def __init__(self, rights: Rights, permission: Permission) -> None:
        self._rights = rights
        self._permission = permission
        self._whole = rights.sensitivity(TYPE)
        lowest = rights.view_of_lists(permission).clearance
        classes = rights.basis.world.policy.classes.get(TYPE, {})
        ranks = {
            sign: its.data_class if (its := classes.get(field)) is not None else RESTRICTED
            for sign, field in CONTACTS.items()
        }
        self._hidden = {sign: rank for sign, rank in ranks.items() if rank > lowest}
        found = rights.rows(permission, self._columns(self._whole), Values().add)
        self._unbounded = {self._whole} if found.sql == EVERYTHING else set()
        self.is_everything = found.sql == EVERYTHING and not self._hidden
        """Whether every row is listed, and every contact shown."""
        self.owners = None if found.owners is None else sorted(found.owners)
        """Whose rows they are; None: anybody's, also nobody's."""

    @property
    def shows_every_contact(self) -> bool:
        """Whether the contacts of all rows in reach are shown."""
        return not self._hidden

    def rows(self, values: Values) -> str:
        """Return what a row `d` must be."""
        return self._condition(self._whole, values)

    def shown(self, sign: str, values: Values) -> str:
        """Return of which rows `d`, of those that may be seen, the contacts with a sign are."""
        rank = self._hidden.get(sign)
        return EVERYTHING if rank is None else self._condition(max(rank, self._whole), values)

    def text(self, values: Values) -> str:
        """Return the text `t.search` of a row `d` without the lines that are not shown of it."""
        text = TEXT
        for rank, signs in self._hidden_together():
            without = f"regexp_replace({text}, E'\\n[{signs}] [^\\n]*', '', 'g')"
            shown = self._condition(max(rank, self._whole), values)
            if shown == NOTHING:
                text = without
            else:
                text = f"case when {shown} then {text} else {without} end"
        return text

    def _hidden_together(self) -> Iterator[tuple[int, str]]:
        """Return the signs by the rank that shows them."""
        by_rank = sorted(self._hidden, key=self._hidden.__getitem__)
        for rank, signs in groupby(by_rank, key=self._hidden.__getitem__):
            yield rank, "".join(signs)

    def _condition(self, rank: int, values: Values) -> str:
        if rank in self._unbounded:
            return EVERYTHING
        sql = self._rights.rows(self._permission, self._columns(rank), values.add).sql
        if sql == EVERYTHING:
            self._unbounded.add(rank)
        return sql

    @staticmethod
    def _columns(rank: int) -> Columns:
        return replace(COLUMNS, sensitivity=str(rank))
