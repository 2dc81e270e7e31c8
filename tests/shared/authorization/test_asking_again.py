"""What was written down of a decision, asked again of the permissions of its time, is the same."""

import pytest

from shared.authorization.asking_again import CannotAskAgainError, asked_again, is_as_told
from shared.authorization.deciding import decide
from shared.authorization.noting import decision_of
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.world import World
from shared.eventstore.decision_types import DecisionRecorded
from tests.shared.authorization.story import ANA, BEN, MICROSECOND, NOON, a_customer, a_story

EPOCH = 3
MAIL = "ada.lovelace@house.example"


def told(
    world: World, subject: str, permission: str, record: Record | None,
    around: Circumstances = PLAINLY, *, now: int = moment(NOON), age: float = 0.25,
) -> DecisionRecorded:  # fmt: skip
    """Decide, and write it down as it would lie in the store."""
    answer = decide(world, subject, permission, record, now, age, around)
    decision = decision_of(world, EPOCH, now, subject, permission, record, around, answer)
    stored = decision.model_dump_json(exclude_none=True)
    return DecisionRecorded.model_validate_json(stored)


class TestWhatIsWrittenDown:
    WHEN = {"attribute": "resource.stage", "is": "eq", "value": "customer"}  # noqa: RUF012

    def test_a_refusal_names_what_came_nearest_and_all_it_was_made_of(self) -> None:
        story = a_story().role("rep", customer_read="own/internal").give(ANA, "rep")
        record = a_customer(BEN, 2)
        decision = told(story.world, ANA, "customer:read", record)
        assert decision == DecisionRecorded(
            subject=ANA, kind="person", permission="customer:read", resource_type="customer",
            resource_id="c-1", owner=BEN, sensitivity="confidential", is_allowed=False,
            code="out_of_scope", grant_id="grant-1", role="rep", epoch=EPOCH,
            position=len(story.events), age_seconds=0.25, decided_at=NOON,
        )  # fmt: skip

    def test_a_word_of_the_policy_is_told_and_any_other_is_not(self) -> None:
        story = a_story().role("rep")
        story.allow("rep", "customer:read", "all/internal", condition=self.WHEN).give(ANA, "rep")
        for stage, attributes, left_out in (
            ("customer", {"resource.stage": "customer"}, ()),
            (None, {}, ()),
            (True, {"resource.stage": True}, ()),
            (BEN, {"resource.stage": BEN}, ()),
            (MAIL, {}, ("resource.stage",)),
            (["customer", MAIL], {}, ("resource.stage",)),
            (1_500, {}, ("resource.stage",)),
        ):
            record = a_customer(ANA, 0, stage=stage, mail=MAIL)
            decision = told(story.world, ANA, "customer:read", record)
            assert (decision.attributes, decision.left_out) == (attributes, left_out)
            assert MAIL not in decision.model_dump_json()

    def test_what_is_not_complete_says_so_and_is_not_asked_again(self) -> None:
        story = a_story().role("rep", customer_read="all/internal").give(ANA, "rep")
        decision = told(story.world, ANA, "customer:read", a_customer(MAIL, 0, id_=MAIL))
        assert decision.left_out == ("resource.id", "resource.owner")
        assert MAIL not in decision.model_dump_json()
        with pytest.raises(CannotAskAgainError) as raised:
            asked_again(story.world, decision)
        assert "resource.owner" in raised.value.detail

    def test_what_a_trusted_caller_said_of_the_subject_counts_again(self) -> None:
        when = {"attribute": "subject.rank", "is": "eq", "value": "admin"}
        story = a_story().role("rep").give(ANA, "rep")
        story.allow("rep", "customer:read", "all/internal", condition=when)
        around = Circumstances(subject={"rank": "admin", "email": MAIL})
        decision = told(story.world, ANA, "customer:read", a_customer(), around)
        assert (decision.is_allowed, decision.attributes) == (True, {"subject.rank": "admin"})
        assert is_as_told(asked_again(story.world, decision), decision)

    def test_a_copy_of_no_known_age_refuses_and_refuses_again(self) -> None:
        world = a_story().world
        decision = told(world, ANA, "customer:read", None, age=float("inf"))
        assert (decision.code, decision.age_seconds) == ("stale", None)
        assert is_as_told(asked_again(world, decision), decision)

    def test_a_decision_that_failed_says_that_nothing_of_it_is_known(self) -> None:
        record = Record("customer", "c-1", ANA, "not a rank")  # type: ignore[arg-type]
        story = a_story().role("rep", customer_read="all/internal").give(ANA, "rep")
        decision = told(story.world, ANA, "customer:read", record)
        assert (decision.code, decision.left_out) == ("error", ("*", "resource.sensitivity"))

    def test_an_answer_of_another_world_is_not_taken_for_the_same(self) -> None:
        story = a_story().role("rep", customer_read="all/internal").give(ANA, "rep")
        decision = told(story.world, ANA, "customer:read", a_customer())
        story.of(ANA, "SubjectLeft")
        assert not is_as_told(asked_again(story.world, decision), decision)

    def test_the_source_does_not_depend_on_who_asked_first(self) -> None:
        story = a_story().role("rep", customer_read="all/internal").role("boss")
        story.allow("boss", "customer:read", "all/restricted")
        story.give(ANA, "boss", until=NOON + MICROSECOND).give(ANA, "rep")
        first = story.ask(ANA, "customer:read", a_customer(ANA, 0))
        assert story.ask(ANA, "customer:read", a_customer(ANA, 0)) == first
