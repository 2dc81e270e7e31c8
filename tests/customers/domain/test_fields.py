"""Custom fields: what may be declared and changed, and which values hold."""

from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customers.domain.field.commands import (
    ChangeField,
    DeclareField,
    FieldCommand,
    ReinstateField,
    RetireField,
)
from services.customers.domain.field.events import FieldChanged, FieldLabel, FieldType
from services.customers.domain.field.rules import MAX_FIELDS, NO_FIELDS, Fields, decide, evolve
from services.customers.domain.field.values import Value, check_values
from shared.errors import DaybookError

LABEL = FieldLabel(en="Size", zh="尺码")
SIZES = ("small", "large")
TYPES: tuple[FieldType, ...] = ("text", "number", "date", "boolean", "choice", "choices")


def declared(*commands: FieldCommand, since: Fields = NO_FIELDS) -> Fields:
    for command in commands:
        since = reduce(evolve, decide(since, command), since)
    return since


def a_field(of: FieldType, name: str = "", *, is_required: bool = False) -> DeclareField:
    choices = SIZES if of in {"choice", "choices"} else ()
    return DeclareField(name or f"a_{of}", LABEL, of, is_required, choices)


ALL = declared(*map(a_field, TYPES))


def refusal(fields: Fields, command: FieldCommand) -> str:
    with pytest.raises(DaybookError) as refused:
        decide(fields, command)
    assert refused.value.fix
    return refused.value.problem_code


def stored(fields: Fields, name: str, value: object, **more: Any) -> Value | None:  # noqa: ANN401
    checked = check_values(fields, {name: value}, registering=False, **more)
    assert not checked.problems
    return checked.values[name]


def problem(fields: Fields, name: str, value: object, **more: Any) -> str:  # noqa: ANN401
    (wrong,) = check_values(fields, {name: value}, registering=False, **more).problems
    assert wrong.field == f"custom.{name}"
    assert wrong.fix
    return wrong.problem


@pytest.mark.parametrize("name", ["", "Size", "1st", "a-b", "größe", "a" * 41, "a\n", "__x"])
def test_a_name_that_programs_could_not_use_is_refused(name: str) -> None:
    assert refusal(NO_FIELDS, DeclareField(name, LABEL, "text")) == "invalid-input"


def test_a_name_belongs_to_one_field_for_ever() -> None:
    fields = declared(a_field("text", "size"))
    assert refusal(fields, a_field("number", "size")) == "field-already-declared"
    retired = declared(RetireField("size"), since=fields)
    assert refusal(retired, a_field("text", "size")) == "field-already-declared"


def test_there_is_an_end_to_declaring() -> None:
    fields = declared(*(a_field("text", f"f{n}") for n in range(MAX_FIELDS)))
    assert refusal(fields, a_field("text", "one_more")) == "too-many-fields"


@pytest.mark.parametrize(
    ("of", "choices"),
    [("choice", ()), ("choices", ("a", "A")), ("text", ("a",)), ("choice", ("x",) * 101)],
)
def test_choices_are_there_where_something_is_chosen(
    of: FieldType, choices: tuple[str, ...]
) -> None:
    command = DeclareField("size", LABEL, of, choices=choices)
    assert refusal(NO_FIELDS, command) == "invalid-input"


def test_a_change_tells_only_what_changed_and_the_same_again_changes_nothing() -> None:
    fields = declared(a_field("choice", "size"))
    change = ChangeField("size", LABEL, is_required=True, choices=SIZES, sensitivity="public")
    assert decide(fields, change) == [
        FieldChanged(name="size", is_required=True, sensitivity="public")
    ]
    assert decide(declared(change, since=fields), change) == []
    assert decide(fields, ReinstateField("size")) == []


def test_a_retired_field_is_not_changed_until_it_is_reinstated() -> None:
    fields = declared(a_field("text", "size"), RetireField("size"))
    change = ChangeField("size", is_required=True)
    assert decide(fields, RetireField("size")) == []
    assert refusal(fields, change) == "field-retired"
    assert decide(declared(ReinstateField("size"), since=fields), change)
    assert refusal(fields, RetireField("nothing")) == "field-not-found"


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("a_text", "  two\r\nlines \t\u200f ", "two\nlines \t\u200f"),
        ("a_text", "\u0628\u0301 🎈", "\u0628\u0301 🎈"),
        ("a_number", 12, "12"),
        ("a_number", 12.10, "12.1"),
        ("a_number", 1e3, "1000"),
        ("a_number", "-0012.500", "-12.5"),
        ("a_number", "+.5", "0.5"),
        ("a_number", "-0.0", "0"),
        ("a_number", "0.1234567890123456789", "0.1234567890123456789"),
        ("a_number", "100", "100"),
        ("a_date", "2024-02-29", "2024-02-29"),
        ("a_boolean", False, False),
        ("a_choice", "small", "small"),
        ("a_choices", ["large", "small", "large"], ("small", "large")),
        ("a_text", None, None),
    ],
)
def test_a_value_is_kept_in_one_form(name: str, given: object, kept: Value | None) -> None:
    assert stored(ALL, name, given) == kept


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("nothing", "x", "is not declared"),
        ("a_text", 7, "must be text"),
        ("a_text", "\ud800", "must be text"),
        ("a_text", " ", "is blank"),
        ("a_text", "x" * 2001, "is too long"),
        ("a_text", "a\x00b", "holds a control character"),
        ("a_text", "a\x85b", "holds a control character"),
        ("a_text", "a\u202eb", "holds a control that changes the direction of writing unseen"),
        ("a_text", "\u200b", "holds nothing that can be seen"),
        ("a_number", True, "is not a number"),
        ("a_number", "1e3", "is not a number"),
        ("a_number", "NaN", "is not a number"),
        ("a_number", "٣", "is not a number"),
        ("a_number", ".", "is not a number"),
        ("a_number", "", "is not a number"),
        ("a_number", float("nan"), "is not a number"),
        ("a_number", 1e300, "is not a number"),
        ("a_number", 0.1 + 0.2, "may have lost digits on its way"),
        ("a_number", 10**400, "has too many digits"),
        ("a_number", "1" * 39, "has too many digits"),
        ("a_date", "2023-02-29", "is not a day"),
        ("a_date", "20240101", "is not a day"),
        ("a_date", 20240101, "is not a day"),
        ("a_boolean", 1, "must be true or false"),
        ("a_boolean", "yes", "must be true or false"),
        ("a_choice", "Small", "is not one of the choices"),
        ("a_choice", ["small"], "is not one of the choices"),
        ("a_choices", "small", "must be a list"),
        ("a_choices", [], "must be a list"),
        ("a_choices", ["small", None], "holds what is none of the choices"),
    ],
)
def test_what_its_field_cannot_have_is_refused(name: str, given: object, why: str) -> None:
    assert problem(ALL, name, given) == why


def test_every_problem_is_told_at_once() -> None:
    fields = declared(a_field("date", "born", is_required=True), a_field("text", "size"))
    checked = check_values(fields, {"size": 1, "other": 2}, registering=True)
    assert [p.field for p in checked.problems] == ["custom.size", "custom.other", "custom.born"]


def test_what_is_required_is_asked_for_at_the_registration_and_never_cleared() -> None:
    fields = declared(a_field("text", "size", is_required=True))
    checked = check_values(fields, {}, registering=True)
    assert [p.problem for p in checked.problems] == ["is missing"]
    assert check_values(fields, {"size": None}, registering=True).problems == checked.problems
    assert not check_values(fields, {}, registering=False).problems
    assert problem(fields, "size", None) == "is missing"
    retired = declared(RetireField("size"), since=fields)
    assert not check_values(retired, {"size": None}, registering=True).problems


def test_what_a_customer_has_may_be_sent_back_whatever_became_of_the_field() -> None:
    fields = declared(a_field("choice"), a_field("choices"), a_field("text"))
    fewer = declared(
        ChangeField("a_choice", choices=("large",)),
        ChangeField("a_choices", choices=("large",)),
        RetireField("a_text"),
        since=fields,
    )
    has: dict[str, Value] = {"a_choice": "small", "a_choices": ("small",), "a_text": "x"}
    for name, value in has.items():
        assert problem(fewer, name, value)
        assert stored(fewer, name, value, present=has) == value
    assert stored(fewer, "a_choices", ["small"], present=has) == ("small",)
    assert problem(fewer, "a_text", "y", present=has) == "is retired"
    assert stored(fewer, "a_text", None, present=has) is None


@given(
    st.one_of(
        st.tuples(st.just("a_number"), st.decimals(-(10**18), 10**18, places=9).map(str)),
        st.tuples(st.just("a_number"), st.integers(-(10**30), 10**30)),
        st.tuples(st.just("a_date"), st.dates().map(date.isoformat)),
        st.tuples(st.just("a_text"), st.text(max_size=50)),
        st.tuples(st.sampled_from(["a_choice", "a_choices"]), st.sampled_from(SIZES)),
        st.tuples(st.sampled_from(sorted(ALL)), st.recursive(st.none() | st.floats(), st.lists)),
    )
)
def test_a_stored_value_is_stored_as_it_is_and_a_number_keeps_its_worth(
    told: tuple[str, object],
) -> None:
    name, value = told
    checked = check_values(ALL, {name: value}, registering=False)
    if checked.problems:
        assert name not in checked.values
        return
    kept = checked.values[name]
    assert stored(ALL, name, kept) == kept
    if name == "a_number" and isinstance(value, str | int):
        assert Decimal(str(kept)) == Decimal(value)
