"""Whatever a check is asked, and however broken what it is asked of: it answers, and denies."""

from random import Random
from typing import Any, cast

from shared.authorization.codes import Code
from shared.authorization.deciding import decide
from shared.authorization.fields import view_of, view_of_every_record
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.world import World
from tests.shared.authorization.random_worlds import PERMISSIONS, Known, a_world, some_records
from tests.shared.authorization.story import NOON

QUESTIONS = 4_000
NOW = moment(NOON)


class Spiteful:
    """Fails whatever is asked of it."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError


def anything(dice: Random, known: Known) -> object:
    """Return something that no caller should ever hand in, or that is quite ordinary."""
    its = [
        None, "", "\0", "x" * 10_000, "\u0430", -1, 2**200, float("nan"), True, b"bytes",
        [], ["a", None], {}, {"a": [1]}, set(), (), Spiteful(), object(), Ellipsis, 1j,
        "'; drop table rows; --", *known.subjects, *PERMISSIONS, "customer:", ":", "team",
    ]  # fmt: skip
    return dice.choice(its)


def spoiled(dice: Random, known: Known, record: Record) -> object:
    """Return a record of which something, or everything, is not what it should be."""
    wrong = anything(dice, known)
    broken = [
        wrong,
        Record(cast("str", wrong), record.id, record.owner, record.sensitivity, record.attributes),
        Record("customer", cast("str", wrong), record.owner, record.sensitivity),
        Record("customer", record.id, cast("str", wrong), record.sensitivity, record.attributes),
        Record("customer", record.id, record.owner, cast("int", wrong), record.attributes),
        Record("customer", record.id, record.owner, 0, cast("dict[str, object]", wrong)),
        Record("customer", record.id, record.owner, 0, {"status": wrong, "size": wrong}),
    ]
    return dice.choice(broken)


def asked(dice: Random, known: Known) -> list[Any]:
    """Return the arguments of a check, of which at least one is spoiled."""
    record = some_records(dice, known, 1)[0]
    its: list[Any] = [
        dice.choice([*known.subjects]), dice.choice(PERMISSIONS), record, NOW, 0.0,
        Circumstances(context={"tags": ["a"], "hour": 5}),
    ]  # fmt: skip
    for place in dice.sample(range(6), dice.randrange(1, 4)):
        its[place] = spoiled(dice, known, record) if place == 2 else anything(dice, known)
        if place == 5 and dice.random() < 0.5:
            wrong = cast("Any", anything(dice, known))
            its[place] = Circumstances(wrong, wrong, wrong, wrong, wrong, wrong)
    return its


def test_a_check_of_anything_answers_and_every_failure_is_denied_and_counted(
    dice: Random,
) -> None:
    failed = 0
    for _ in range(8):
        known = a_world(dice)
        world = known.world
        for _ in range(QUESTIONS // 8):
            before = world.troubles.count
            allowed, code, *_ = cast("Any", decide)(world, *asked(dice, known))
            assert allowed is (code is Code.ALLOWED)
            assert world.troubles.count - before == (code is Code.ERROR)
            failed += code is Code.ERROR
    assert failed > QUESTIONS / 20


def test_whoever_is_not_known_is_denied_whatever_else_is_said(dice: Random) -> None:
    known = a_world(dice)
    for _ in range(QUESTIONS // 4):
        _, *others = asked(dice, known)
        for stranger in ("", "nobody", known.story.events[0].stream, None, -1):
            assert cast("Any", decide)(known.world, stranger, *others)[0] is False


def test_a_world_that_is_broken_inside_denies_and_shows_nothing(dice: Random) -> None:
    known = a_world(dice)
    record = some_records(dice, known, 1)[0]
    for slot in World.__slots__:
        if slot == "troubles":
            continue
        for wrong in (None, 7, Spiteful(), {"": None}):
            world = World().after(known.story.events)
            setattr(world, slot, wrong)
            subject = dice.choice([*known.subjects])
            answer = cast("Any", decide)(world, subject, "customer:read", record, NOW, 0.0)
            honest = decide(known.world, subject, "customer:read", record, NOW, 0.0)
            # What the broken part says nothing about may be allowed still, and nothing more.
            assert answer[0] <= honest[0], slot


def test_of_an_unknown_type_or_field_nothing_is_shown_and_nothing_fails(dice: Random) -> None:
    known = a_world(dice)
    for subject in known.subjects:
        for permission in ("planet:read", "customer:fly", "", "customer"):
            answer, view = view_of(
                known.world, subject, permission, Record("planet", "x"), NOW, 0.0
            )
            assert not answer[0]
            assert view.seen({"name": "Mars", "": 1}) == {}
            every = view_of_every_record(known.world, subject, permission, NOW, 0.0)
            assert every.seen({"name": "Mars"}) == {}
