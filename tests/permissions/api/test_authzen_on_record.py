"""What a program is told about somebody is on record: who asked, about whom, and no word more."""

from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest

from services.permissions.application.evaluating import Evaluator
from services.permissions.application.questions import Action, Entity, Question
from services.permissions.application.resources import Resources
from shared.authorization.asking_again import CannotAskAgainError, asked_again, is_as_told
from shared.authorization.questions import Record
from shared.authorization.rights import Basis, Noted
from shared.authorization.world import World
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.web.decision_log import DecisionLog
from tests.permissions.api.test_authzen_decisions import (
    AN_ADMIN,
    CALLER,
    FRIEND,
    Fixed,
    a_role,
    a_story,
)
from tests.shared.authorization.random_worlds import PERMISSIONS, STATUSES, a_world
from tests.shared.authorization.story import ANA, BEN
from tests.shared.web.stage import Stage

MAIL = "ada.lovelace@house.example"


class ByTheirIds:
    """Everybody is called by their id, and has an address."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def names(self, _basis: Basis) -> "ByTheirIds":
        return self

    def id_of(self, name: str) -> str | None:
        return name if name in self._world.subjects else None

    def name_of(self, subject: str) -> str:
        return subject

    def shown(self, subject: str) -> str | None:
        return subject

    def described(self, _subject: str) -> Mapping[str, object]:
        return {"email": MAIL}


class Many:
    """So many records of others that the policy names."""

    def __init__(self, count: int) -> None:
        names = (f"r-{number:05}" for number in range(count))
        self._records = {name: Record("record", name) for name in names}

    def declared(self, _resource_type: str) -> Mapping[str, Record]:
        return self._records


class Asking:
    """A program asks by one world, and a log takes what it is told."""

    def __init__(self, world: World, records: int = 0, *, everything: bool = False) -> None:
        self.stage, self.world = Stage(), world
        self.log = DecisionLog(self.stage, self.stage.clock, everything=everything)
        self._notes: list[Noted] = []
        self.evaluator = Evaluator(
            Fixed(world), ByTheirIds(world), Resources({}, Many(records)), self.log
        )

    async def ask(self, *questions: Question, caller: str = CALLER) -> list[bool]:
        """Ask, write down, and return the answers."""
        about = [one.resource for one in questions]
        sitting = await self.evaluator.sit(about, caller, self._notes.append)
        answers = [sitting.evaluate(one).allowed for one in questions]
        assert not await self.log.settle(self._notes, "evaluate"), "the program was not refused"
        return answers

    async def told(self) -> list[tuple[str, DecisionRecorded, str, str]]:
        """Return what is told by itself: how, the decision, whose record, and who did it."""
        kept = self.stage.kept_records
        return [
            (how, one, subject, actor)
            for how, one, subject, actor in kept
            if isinstance(one, DecisionRecorded)
        ]

    async def counted(self) -> list[DecisionsCounted]:
        """Return what was counted."""
        await self.log.tell(all_of_it=True)
        kept = [one for _, one, *_ in self.stage.kept_records]
        return [one for one in kept if isinstance(one, DecisionsCounted)]


def question(subject: str, does: str, resource: Entity, **said: object) -> Question:
    return Question(Entity("user", subject, said), Action(does), resource)


async def test_a_refusal_is_about_somebody_and_was_told_to_somebody_else() -> None:
    story = a_story()
    a_role(story, "reader", "record:read", "all/internal")
    asking = Asking(story.give(ANA, "reader").world)
    record = Entity("record", "r-1")
    assert await asking.ask(question(ANA, "read", record), question(BEN, "read", record)) == [
        True,
        False,
    ]
    [(how, told, subject, actor)] = await asking.told()
    assert (how, subject, actor) == ("kept", CALLER, CALLER)
    assert (told.subject, told.asked_by, told.actor) == (BEN, CALLER, None)
    assert is_as_told(asked_again(asking.world, told), told)
    [counted] = await asking.counted()
    assert (counted.subject, counted.asked_by, counted.is_search) == (ANA, CALLER, False)


async def test_a_hundred_a_minute_are_told_of_what_a_program_is_refused_about_anybody() -> None:
    asking = Asking(a_story().give(ANA).world)
    many = [question(BEN if n % 2 else ANA, "read", Entity("record", f"r-{n}")) for n in range(130)]
    assert not any(await asking.ask(*many))
    assert len(await asking.told()) == 100
    counted = {(one.subject, one.times, one.asked_by) for one in await asking.counted()}
    assert counted == {(ANA, 15, CALLER), (BEN, 15, CALLER)}


async def test_nothing_that_a_program_made_up_is_written_down() -> None:
    story = a_story()
    a_role(story, "admin", "record:write", "all/internal", AN_ADMIN)
    asking = Asking(story.give(ANA, "admin").world)
    record = Entity("record", MAIL, {"note": MAIL})
    assert await asking.ask(
        question(MAIL, "write", record),
        question(ANA, MAIL, record),
        question(ANA, "write", Entity(MAIL, MAIL)),
        question(ANA, "write", record, role=MAIL),
        question(ANA, "write", Entity("record", "r-1"), role="admin"),
        caller=FRIEND,
    ) == [False, False, False, False, True]
    told = [one for _, one, *_ in await asking.told()]
    assert [(one.subject, one.permission, one.code, one.left_out) for one in told] == [
        ("-", "record:write", "unknown_subject", ("resource.id",)),
        (ANA, "*:*", "unknown_permission", ()),
        (ANA, "*:*", "unknown_permission", ()),
        (ANA, "record:write", "condition", ("resource.id", "subject.role")),
    ]
    assert MAIL not in "".join(one.model_dump_json() for one in told + await asking.counted())


async def test_a_search_of_ten_thousand_is_one_count_and_no_decision() -> None:
    story = a_story()
    a_role(story, "reader", "record:read", "all/internal")
    story.give(ANA, "reader").give(BEN, "reader", records=["r-00001"])
    asking = Asking(story.world, 10_000)
    for who in (ANA, BEN):
        wanted = question(who, "read", Entity("record", "-"))
        await asking.evaluator.resources(wanted, CALLER, "", 20_000)
    await asking.evaluator.subjects(
        "user", question("-", "read", Entity("record", "r-2")), CALLER, "", 10
    )
    assert await asking.told() == []
    counted = [
        (one.subject, one.code, one.times, one.asked_by) for one in await asking.counted()
        if one.is_search
    ]  # fmt: skip
    assert sorted(counted) == sorted([
        (ANA, "allowed", 10_000, CALLER), (BEN, "allowed", 1, CALLER),
        (BEN, "out_of_scope", 9_999, CALLER), ("*", "allowed", 1, CALLER),
        ("*", "out_of_scope", 1, CALLER),
    ])  # fmt: skip
    assert len(asking.stage.kept_records) == 5


def a_question(dice: Random, subjects: list[str]) -> Question:
    sent = {"status": dice.choice(STATUSES), "vip": True, "tags": dice.choice([["a"], [MAIL]])}
    sent = dice.choice([{}, sent])
    permission = dice.choice([*PERMISSIONS, "no:such"])
    type_, _, does = permission.partition(":")
    resource = Entity(type_, f"c-{dice.randrange(9)}", sent)
    said: dict[str, str] = dice.choice([{}, {"status": dice.choice(STATUSES), "email": MAIL}])
    context: Mapping[str, object] = dice.choice(
        [{}, {"hour": 5, "tags": ["a"]}, {"tags": [MAIL] * 200}]
    )
    return Question(
        Entity("user", dice.choice([*subjects, "nobody"]), said), Action(does), resource, context
    )


@pytest.mark.parametrize("trusted", [False, True])
async def test_what_programs_were_told_is_the_same_when_it_is_asked_again(
    dice: Random, *, trusted: bool
) -> None:
    seen: Counter[str] = Counter()
    for _ in range(15):
        known = a_world(dice)
        known.story.service(CALLER, None)
        if trusted:
            known.story.of(CALLER, "CallerTrusted")
        asking = Asking(known.story.world, everything=True)
        asked = [a_question(dice, [*known.subjects]) for _ in range(100)]
        await asking.ask(*asked)
        told = [one for _, one, *_ in await asking.told()]
        assert len(told) == len(asked)
        assert MAIL not in "".join(one.model_dump_json() for one in told)
        for one in told:
            try:
                answer = asked_again(known.story.world, one)
            except CannotAskAgainError:
                seen["not complete"] += 1
            else:
                seen["equal" if is_as_told(answer, one) else "other"] += 1
                seen[one.code] += 1
    print(dict(seen))  # noqa: T201 - pytest shows it when the test fails
    assert seen["other"] == 0
    assert {"no_grant", "unknown_subject", "unknown_permission"} <= seen.keys()
    assert seen["not complete"] < seen["equal"]
