"""Somebody sees of a record what one way shows, and writes nothing that they do not see."""

import pytest

from shared.authorization.fields import MASK, FieldView, view_of, view_of_every_record
from shared.authorization.reading import moment
from shared.errors import InvalidInputError, NotPermittedError
from tests.shared.authorization.story import ANA, BEN, CAT, NOON, PUBLIC, Story, a_customer, a_story

READ = "customer:read"
VALUES = {
    "name": "Lantern", "email": "a@b.example", "income": 7, "iban": "AT1", "secret": 1, "note": None
}  # fmt: skip


def story(ways: str) -> Story:
    told = a_story().role("r", customer_read=ways).give(ANA, "r")
    for field, data_class, otherwise in (
        ("*", "public", "omit"),
        ("name", "public", "omit"),
        ("note", "confidential", "mask"),
        ("email", "internal", "mask"),
        ("income", "confidential", "omit"),
        ("iban", "restricted", "mask"),
    ):
        told.policy(
            "DataClassSet", resource_type="customer", field=field, data_class=data_class,
            otherwise=otherwise,
        )  # fmt: skip
    return told


def view(told: Story, owner: str = ANA) -> FieldView:
    record = a_customer(owner, PUBLIC)
    return view_of(told.world, ANA, READ, record, moment(NOON), 0.0)[1]


@pytest.mark.parametrize(
    ("clearance", "seen"),
    [
        ("public", {"name": "Lantern", "email": MASK, "iban": MASK, "note": MASK}),
        ("internal", {"name": "Lantern", "email": "a@b.example", "iban": MASK, "note": MASK}),
        ("restricted", VALUES),
    ],
)
def test_each_field_is_shown_masked_or_left_out(clearance: str, seen: dict[str, object]) -> None:
    assert view(story(f"all/{clearance}")).seen(VALUES) == seen


def test_a_field_that_nobody_classed_is_restricted_and_one_that_lost_its_class_too() -> None:
    told = story("all/confidential")
    assert view(told).outcome("secret") == "omit"
    assert view(told).outcome("email") == "show"
    told.policy("DataClassRemoved", resource_type="customer", field="email")
    assert view(told).outcome("email") == "omit"


def test_a_clearance_for_ones_own_shows_no_field_of_a_colleagues() -> None:
    told = story("own/restricted team/public")
    assert view(told, ANA).outcome("iban") == "show"
    assert view(told, BEN).outcome("iban") == "mask"
    assert view(told, CAT).seen(VALUES) == {}


def test_a_list_is_sorted_only_by_what_is_shown_of_every_record() -> None:
    told = story("own/restricted team/internal")
    every = view_of_every_record(told.world, ANA, READ, moment(NOON), 0.0)
    every.refuse_to_look_by(["name", "email"])
    for field in ("iban", "income", "secret"):
        with pytest.raises(NotPermittedError) as refused:
            every.refuse_to_look_by([field])
        assert refused.value.field == field
    nobody = view_of_every_record(told.world, BEN, READ, moment(NOON), 0.0)
    assert nobody.outcome("name") == "omit"


@pytest.mark.parametrize("value", [MASK, f" {MASK}", ["x", MASK], {"number": MASK}])
def test_a_mask_is_never_written_back(value: object) -> None:
    with pytest.raises(InvalidInputError) as refused:
        view(story("all/restricted")).refuse_unseen({"name": "x", "iban": value})
    assert refused.value.field == "iban"
    assert "Leave the field out" in str(refused.value.fix)


def test_a_field_that_is_not_seen_is_not_written() -> None:
    seen = view(story("all/public"))
    seen.refuse_unseen({"name": "Lantern & Co"})
    for field in ("email", "income", "secret"):
        with pytest.raises(NotPermittedError):
            seen.refuse_unseen({"name": "x", field: "y"})
