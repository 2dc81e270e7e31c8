"""What a customer is: its stage, owner, tags, fields, whether it is archived, withdrawn, held."""

from uuid import UUID

import pytest

from services.customers.domain.customer.commands import (
    ArchiveCustomer,
    AssignCustomer,
    CustomerCommand,
    FinishCustomerErasure,
    LinkCustomer,
    MoveCustomerToStage,
    PlaceLegalHold,
    ReclassifyCustomer,
    RegisterCustomer,
    ReleaseLegalHold,
    RenameCustomer,
    RestoreCustomer,
    SetCustomerFields,
    StartCustomerErasure,
    TagCustomer,
    UntagCustomer,
    WithdrawCustomer,
)
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerAssigned,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerFieldsSet,
    CustomerReclassified,
    CustomerRestored,
    CustomerStageChanged,
    CustomerTagged,
    CustomerUntagged,
    CustomerWithdrawn,
    FieldValues,
    LegalHoldPlaced,
    LegalHoldReleased,
    Reason,
    Stage,
    TagDetails,
)
from services.customers.domain.customer.life import MAX_TAGS, STAGES
from services.customers.domain.customer.rules import decide_all
from services.customers.domain.customer.state import Customer
from tests.customers.domain.stories import ADA, COMMITMENT, ERASED_ADA, HOME, WORK, a_customer

ALICE = UUID(int=77)
WHY = Reason(reason="The project was put off.")
GONE: list[list[CustomerEvent]] = [[CustomerWithdrawn()], [CustomerErasureStarted()]]
PAIRS = [(one, other) for one in STAGES for other in STAGES if one != other]


def tagged(*tags: str) -> CustomerTagged:
    return CustomerTagged(personal=TagDetails(tags=tags))


class TestTheStage:
    def test_a_customer_begins_as_a_lead_unless_it_is_said(self) -> None:
        assert a_customer().given(ADA).state.stage == "lead"
        register = RegisterCustomer("person", "Ada", (), COMMITMENT, stage="active", owner=ALICE)
        story = a_customer().given(*a_customer().when(register).events)
        assert (story.state.stage, story.state.owner) == ("active", ALICE)

    @pytest.mark.parametrize(("before", "after"), PAIRS)
    def test_only_the_ways_of_the_table_are_open(self, before: Stage, after: Stage) -> None:
        story = a_customer().given(ADA, CustomerStageChanged(stage=before))
        asked = story.when(MoveCustomerToStage(after))
        match STAGES[before].get(after):
            case "forward":
                asked.then(CustomerStageChanged(stage=after))
            case "back":
                assert asked.then_refused("stage-needs-reason").field == "reason"
                told = CustomerStageChanged(stage=after, personal=WHY)
                story.when(MoveCustomerToStage(after, WHY.reason)).then(told)
            case None:
                refusal = asked.then_refused("stage-not-reachable")
                assert all(stage in (refusal.fix or "") for stage in STAGES[before])

    def test_where_it_is_already_nothing_happens(self) -> None:
        a_customer().given(ADA).when(MoveCustomerToStage("lead")).then()

    def test_a_reason_that_was_destroyed_erases_nothing(self) -> None:
        moved = CustomerStageChanged(stage="lead")
        assert not a_customer().given(ADA, moved).state.is_erased


class TestTags:
    def test_only_new_ones_are_added_whatever_their_case(self) -> None:
        story = a_customer().given(ADA, tagged("VIP")).when(TagCustomer(("vip", "Zoo", "aa")))
        assert story.then(tagged("aa", "Zoo")).state.tags == ("aa", "VIP", "Zoo")

    def test_only_those_that_are_there_are_taken_away(self) -> None:
        story = a_customer().given(ADA, tagged("VIP", "fair"))
        gone = CustomerUntagged(personal=TagDetails(tags=("VIP",)))
        assert story.when(UntagCustomer(("vip", "none"))).then(gone).state.tags == ("fair",)
        story.when(UntagCustomer(("none",))).then()

    def test_there_is_room_for_so_many(self) -> None:
        full = tagged(*(f"tag {n}" for n in range(MAX_TAGS)))
        asked = a_customer().given(ADA, full).when(TagCustomer(("one more",)))
        assert asked.then_refused("too-many-tags").field == "tags"
        a_customer().given(ADA, full).when(TagCustomer(("TAG 1",))).then()


class TestFieldsOwnerAndKind:
    def test_only_other_values_are_told_and_none_takes_one_away(self) -> None:
        told = CustomerFieldsSet(personal=FieldValues(values={"size": "38", "vip": True}))
        story = a_customer().given(ADA, told)
        asked = story.when(SetCustomerFields({"size": None, "vip": True, "seats": "2", "no": None}))
        events = CustomerFieldsSet(personal=FieldValues(values={"size": None, "seats": "2"}))
        assert asked.then(events).state.custom == {"seats": "2", "vip": True}

    def test_an_owner_is_assigned_once_and_can_be_nobody(self) -> None:
        story = (
            a_customer().given(ADA).when(AssignCustomer(ALICE)).then(CustomerAssigned(owner=ALICE))
        )
        story.when(AssignCustomer(ALICE)).then()
        assert story.when(AssignCustomer(None)).then(CustomerAssigned()).state.owner is None

    def test_a_person_with_roles_is_no_organisation(self) -> None:
        link = LinkCustomer(HOME, WORK, "head")
        story = a_customer().given(ADA, *a_customer().given(ADA).when(link).events)
        story.when(ReclassifyCustomer("organisation")).then_refused("customer-has-links")
        kind = CustomerReclassified(kind="organisation")
        a_customer().given(ADA).when(ReclassifyCustomer("organisation")).then(kind)

    def test_an_erased_customer_is_known_by_its_last_kind(self) -> None:
        kind = CustomerReclassified(kind="organisation")
        assert a_customer().given(ERASED_ADA, kind).state == Customer(
            "organisation", is_erased=True
        )


class TestArchiving:
    def test_an_archived_customer_is_not_changed_until_it_is_restored(self) -> None:
        story = (
            a_customer()
            .given(ADA)
            .when(ArchiveCustomer(WHY.reason))
            .then(CustomerArchived(personal=WHY))
        )
        assert story.when(RenameCustomer("Bea")).then_refused("customer-archived").fix
        story.when(ArchiveCustomer()).then()
        story = story.when(RestoreCustomer()).then(CustomerRestored())
        story.when(RestoreCustomer()).then()
        assert not story.state.is_archived

    def test_an_archived_customer_can_be_held_and_erased(self) -> None:
        story = a_customer().given(ADA, CustomerArchived())
        story.when(StartCustomerErasure()).then(CustomerErasureStarted())
        story.when(PlaceLegalHold(HOME, WHY.reason)).then(
            LegalHoldPlaced(hold_id=HOME, personal=WHY)
        )


class TestLegalHolds:
    HELD = LegalHoldPlaced(hold_id=HOME, personal=WHY)

    @pytest.mark.parametrize("command", [StartCustomerErasure(), WithdrawCustomer()])
    def test_a_held_customer_is_neither_erased_nor_withdrawn(
        self, command: CustomerCommand
    ) -> None:
        refusal = a_customer().given(ADA, self.HELD).when(command)
        told = refusal.then_refused("customer-under-legal-hold")
        assert told.who_can_help == "data protection"

    def test_every_hold_must_be_released(self) -> None:
        story = a_customer().given(ADA, self.HELD, LegalHoldPlaced(hold_id=WORK, personal=WHY))
        released = LegalHoldReleased(hold_id=HOME, personal=WHY)
        story = story.when(ReleaseLegalHold(HOME, WHY.reason)).then(released)
        story.when(StartCustomerErasure()).then_refused("customer-under-legal-hold")
        story.when(ReleaseLegalHold(HOME, WHY.reason)).then_refused("hold-not-found")
        story = story.given(LegalHoldReleased(hold_id=WORK, personal=WHY))
        story.when(StartCustomerErasure()).then(CustomerErasureStarted())

    def test_a_hold_is_seen_without_anything_personal(self) -> None:
        held = LegalHoldPlaced(hold_id=HOME)
        assert a_customer().given(ERASED_ADA, held).state.holds == (HOME,)


@pytest.mark.parametrize("past", GONE)
@pytest.mark.parametrize(
    "command",
    [TagCustomer(("x",)), ArchiveCustomer(), RestoreCustomer(), PlaceLegalHold(HOME, "x")],
    ids=lambda command: type(command).__name__,
)
def test_who_is_gone_is_not_changed(past: list[CustomerEvent], command: CustomerCommand) -> None:
    asked = a_customer().given(ADA, *past).when(command)
    assert asked.refusal is not None
    assert asked.refusal.problem_code in {"customer-withdrawn", "customer-erased"}


def test_a_withdrawn_customer_is_erased_like_any_other() -> None:
    story = a_customer().given(ADA, CustomerWithdrawn())
    story = story.when(StartCustomerErasure()).then(CustomerErasureStarted())
    assert story.when(FinishCustomerErasure("kid")).refusal is None


def test_several_commands_see_what_those_before_them_did() -> None:
    state = a_customer().given(ADA).state
    events = decide_all(
        state, [TagCustomer(("a",)), TagCustomer(("A", "b")), RenameCustomer("Ada")]
    )
    assert events == [tagged("a"), tagged("b")]
