"""A condition is one of a closed set of comparisons: parsed exactly, bounded, three-valued."""

from collections.abc import Callable

import pytest

from shared.authorization.conditions import attributes_of, condition_document, parse_condition
from shared.authorization.truth import Facts, evaluate, predicate_of
from shared.errors import InvalidInputError

FACTS: Facts = {
    "subject": {"email": "rick@example.org", "level": 3, "teams": ["north", "west"], "vip": True},
    "resource": {"owner": "rick@example.org", "status": "open", "size": 10, "tags": []},
    "action": {"soft": True},
    "context": {"hour": 9, "nothing": None},
}


def worth(document: object) -> bool | None:
    return evaluate(parse_condition(document), FACTS)


def one(attribute: str, relation: str, *value: object, **to: str) -> dict[str, object]:
    compared = {"value": value[0]} if value else {}
    return {"attribute": attribute, "is": relation, **compared, **to}


@pytest.mark.parametrize(
    "document",
    [
        one("resource.status", "eq", "open"),
        one("resource.status", "ne", "archived"),
        one("resource.status", "in", ["open", "new"]),
        one("resource.status", "not_in", ["archived"]),
        one("subject.level", "ge", 3),
        one("subject.level", "le", 3),
        one("subject.level", "gt", 2),
        one("resource.status", "lt", "p"),
        one("action.soft", "eq", True),
        one("resource.owner", "present"),
        one("resource.nobody", "absent"),
        one("context.nothing", "absent"),
        one("subject.teams", "contains", "north"),
        one("resource.owner", "eq", to="subject.email"),
        {"not": one("subject.teams", "contains", "south")},
        {"not": one("resource.tags", "contains", "x")},
        {"all": [one("resource.size", "eq", 10), {"any": [one("context.hour", "lt", 18)]}]},
        {"any": [one("resource.nobody", "eq", 1), one("resource.size", "eq", 10)]},
    ],
)
def test_it_is_true_of_the_facts_and_false_when_negated(document: object) -> None:
    assert worth(document) is True
    assert worth({"not": document}) is False


@pytest.mark.parametrize(
    "document",
    [
        one("resource.nobody", relation, value)
        for relation, value in (
            ("eq", "x"), ("ne", "x"), ("in", ["x"]), ("not_in", ["x"]), ("lt", 1), ("contains", "x")
        )
    ]
    + [
        one("subject.vip", "eq", 1),
        one("subject.vip", "ne", 1),
        one("subject.level", "eq", True),
        one("subject.level", "lt", "4"),
        one("resource.status", "not_in", [1, 2]),
        one("resource.status", "contains", "o"),
        one("subject.teams", "eq", "north"),
        one("subject.teams", "contains", 1),
        one("resource.owner", "ne", to="subject.nobody"),
        one("resource.owner", "not_in", to="subject.level"),
        {"all": [one("resource.size", "eq", 10), one("resource.nobody", "eq", 1)]},
        {"any": [one("resource.size", "eq", 11), one("resource.nobody", "eq", 1)]},
    ],
)  # fmt: skip
def test_what_is_missing_or_of_another_type_is_unknown_also_when_negated(document: object) -> None:
    assert worth(document) is None
    assert worth({"not": document}) is None


def test_unknown_never_hides_what_is_certain() -> None:
    unknown = one("resource.nobody", "eq", 1)
    assert worth({"all": [unknown, one("resource.size", "eq", 11)]}) is False
    assert worth({"any": [unknown, one("resource.size", "eq", 10)]}) is True


def test_a_root_that_is_not_given_knows_nothing() -> None:
    condition = parse_condition(one("context.hour", "ne", 3))
    assert predicate_of(condition)({}) is None


def test_two_lists_and_single_values_compare_by_attribute() -> None:
    facts = {"subject": {"teams": ["a", None, "b"], "team": "b"}}
    for document in (
        one("subject.team", "in", to="subject.teams"),
        one("subject.teams", "contains", to="subject.team"),
    ):
        assert evaluate(parse_condition(document), facts) is True


def test_look_alikes_and_capitals_are_other_texts() -> None:
    for other in ("Open", "оpen", "open "):  # noqa: RUF001 - a Cyrillic o, on purpose
        assert worth(one("resource.status", "eq", other)) is False


def nested(depth: int) -> object:
    document: object = one("resource.size", "eq", 1)
    for _ in range(depth):
        document = {"not": document}
    return document


REFUSED: list[tuple[object, str]] = [
    ("resource.status == 'open'", "condition"),
    ([], "condition"),
    ({}, "condition.attribute"),
    (one("status", "eq", 1), "condition.attribute"),
    (one("resource.", "eq", 1), "condition.attribute"),
    (one("world.status", "eq", 1), "condition.attribute"),
    (one("resource.status", "like", "x"), "condition.is"),
    ({"attribute": "resource.status", "is": ["eq"], "value": 1}, "condition.is"),
    (one("resource.status", "eq"), "condition"),
    (one("resource.status", "eq", 1, to="subject.x"), "condition"),
    (one("resource.status", "present", 1), "condition"),
    (one("resource.status", "eq", None), "condition.value"),
    (one("resource.status", "eq", 1.5), "condition.value"),
    (one("resource.status", "eq", ["x"]), "condition.value"),
    (one("resource.status", "eq", 2**63), "condition.value"),
    (one("resource.status", "eq", "x" * 201), "condition.value"),
    (one("resource.status", "eq", "a\x00b"), "condition.value"),
    (one("resource.status", "eq", "\ud800"), "condition.value"),
    (one("resource.status", "lt", True), "condition.value"),
    (one("resource.status", "in", "open"), "condition.value"),
    (one("resource.status", "in", []), "condition.value"),
    (one("resource.status", "in", [1, "x"]), "condition.value"),
    (one("resource.status", "in", [1, True]), "condition.value"),
    (one("resource.status", "in", list(range(101))), "condition.value"),
    (one("resource.status", "eq", to="nobody"), "condition.to"),
    ({"all": []}, "condition.all"),
    ({"all": "x"}, "condition.all"),
    ({"all": [one("resource.x", "absent")], "any": []}, "condition"),
    ({"all": [one("resource.x", "absent"), 7]}, "condition.all[1]"),
    ({"not": {"not": 1}}, "condition.not.not"),
    ({"any": [one("resource.x", "absent")] * 51}, "condition.any"),
    ({"any": [{"any": [one("resource.x", "absent")] * 26}] * 2}, "condition"),
    ({**one("resource.x", "absent"), "comment": "x"}, "condition"),
    (nested(8), "condition" + ".not" * 8),
]


@pytest.mark.parametrize(("document", "place"), REFUSED)
def test_anything_else_is_refused_with_its_place_and_the_fix(document: object, place: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_condition(document)
    assert refused.value.field == place
    assert refused.value.fix


@pytest.mark.parametrize(
    "document",
    [
        one("resource.status", "in", ["a", "b"]),
        one("action.soft", "ne", False),
        one("resource.owner", "eq", to="subject.email"),
        one("context.x-y.z", "present"),
        nested(7),
        {"any": [{"all": [one("resource.a", "eq", 0)]}, {"not": one("resource.b", "absent")}]},
    ],
)
def test_a_condition_is_written_back_as_it_was(document: object) -> None:
    condition = parse_condition(document)
    assert condition_document(condition) == document
    assert parse_condition(condition_document(condition)) == condition
    assert hash(parse_condition(document)) == hash(condition)


def test_it_says_which_attributes_it_looks_at() -> None:
    condition = parse_condition(
        {"any": [one("resource.a", "eq", to="subject.b"), {"not": one("action.c", "absent")}]}
    )
    assert attributes_of(condition) == {"resource.a", "subject.b", "action.c"}


def test_every_relation_is_decided() -> None:
    decided: list[Callable[..., object]] = [
        predicate_of(parse_condition(one("subject.level", relation, 1)))
        for relation in ("eq", "ne", "lt", "le", "gt", "ge", "contains")
    ]
    assert [each(FACTS) for each in decided] == [False, True, False, False, True, True, None]


def test_one_and_true_are_two_conditions() -> None:
    one_, true = (parse_condition(one("resource.x", "eq", value)) for value in (1, True))
    assert one_ != true
    assert len({one_, true}) == 2
