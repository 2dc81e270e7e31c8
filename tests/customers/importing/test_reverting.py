"""Whatever an import changed about a customer, undoing it brings back what was, and only that."""

import random
from typing import Any
from uuid import UUID

from services.customers.application.importing.columns import Columns
from services.customers.application.importing.entries import entry_of
from services.customers.application.importing.given_rows import CheckedRow, checked
from services.customers.application.importing.reverting import Reverting
from services.customers.application.importing.rows import Row
from services.customers.domain.customer.commands import (
    CustomerCommand,
    RenameCustomer,
    TagCustomer,
)
from services.customers.domain.customer.fields import fields_of
from services.customers.domain.customer.rules import decide_all, evolve_all
from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.domain.field.events import FieldLabel
from services.customers.domain.field.rules import Field
from shared.errors import RuleBrokenError

FIELDS = {name: Field(name, FieldLabel(en=name, zh=name), "text") for name in ("a", "b")}
ROUNDS = 300
HALF = 0.5


def given(dice: random.Random) -> CheckedRow:
    """Return a row that says something of everything."""

    def some(values: list[Any]) -> list[Any]:
        return dice.sample(values, dice.randint(0, len(values)))

    parts = {
        "name": dice.choice(["Ada", "Bo", "Cy"]),
        "kind": dice.choice(["person", "organisation"]),
        "emails": [{"address": f"{who}@x.example", "type": dice.choice([None, "work"])}
                   for who in some(["a", "b", "c"])],
        "phones": [{"number": f"+49 30 12345{n}"} for n in some([1, 2, 3])],
        "addresses": [{"city": city} for city in some(["Rom", "Ulm"])],
        "tags": some(["x", "y", "z"]),
        "stage": dice.choice(["lead", "active", "closed"]),
        "owner": dice.choice([None, str(UUID(int=1)), str(UUID(int=2))]),
        "custom": {name: dice.choice(["1", "2"]) for name in some(["a", "b"])},
        "note": dice.choice([None, "said"]),
        "archived": dice.choice([None, False, True]),
    }  # fmt: skip
    row = checked(entry_of(Row(1, 1, {}, parts), Columns({"note": "note"}, None)))
    assert isinstance(row, CheckedRow)
    return row


def plain(customer: Customer) -> dict[str, Any]:
    """Return the customer's fields; in which order things are listed is no part of it."""
    return {
        name: sorted(value, key=str) if isinstance(value, list) else value
        for name, value in fields_of(customer).items()
    }


def changed(before: Customer, row: CheckedRow, *, is_whole: bool) -> Customer | None:
    """Return the customer after the row, or None where the row is refused."""
    try:
        commands, _ = row.change(FIELDS, before, is_whole=is_whole)
        return evolve_all(before, decide_all(before, commands))
    except RuleBrokenError:
        return None


def registered(row: CheckedRow) -> Customer:
    """Return the customer that a row makes."""
    register, more, _ = row.registration(FIELDS, "k")
    return evolve_all(NOBODY, decide_all(NOBODY, [register, *more]))


def test_what_an_import_changed_is_as_before_when_it_is_undone(dice: random.Random) -> None:
    done = 0
    for _ in range(ROUNDS):
        before = registered(given(dice))
        after = changed(before, given(dice), is_whole=dice.random() < HALF)
        if after is None:
            continue
        undoing = Reverting(before, after, after)
        assert undoing.touched == []
        undone = evolve_all(after, decide_all(after, undoing.commands))
        assert plain(undone) == plain(before)
        done += 1
    assert done > ROUNDS / 4


def test_what_somebody_touched_since_is_named_and_left(dice: random.Random) -> None:
    done = 0
    for _ in range(ROUNDS):
        before = registered(given(dice))
        after = changed(before, given(dice), is_whole=True)
        if after is None or after.is_archived:
            continue
        touching: list[CustomerCommand] = [RenameCustomer("Somebody else"), TagCustomer(("mine",))]
        now = evolve_all(after, decide_all(after, touching))
        undoing = Reverting(before, after, now)
        undone = evolve_all(now, decide_all(now, undoing.commands))
        assert undone.name == "Somebody else"
        assert ("name" in undoing.touched) == (before.name != after.name)
        assert set(undone.tags) == {*before.tags, "mine"}
        assert plain(undone)["emails"] == plain(before)["emails"]
        done += 1
    assert done > ROUNDS / 8
