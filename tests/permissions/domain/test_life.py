"""Whoever joins has what everybody has; whoever leaves has nothing, and gets nothing back."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.permissions.domain.book import OnTeam
from services.permissions.domain.policy.commands import (
    RetirePermission,
    RetireRole,
    SetDataClass,
    SetRolePermission,
)
from services.permissions.domain.policy.events import Allowance
from services.permissions.domain.rights import NOTHING, standing_of
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    DescribeSubject,
    Description,
    DistrustCaller,
    FinishSubjectErasure,
    JoinSubject,
    LetSubjectLeave,
    MoveSubject,
    ReinstateSubject,
    RequestGrant,
    RevokeGrant,
    SetSubjectAttributes,
    SubjectCommand,
    SuspendSubject,
    TrustCaller,
)
from services.permissions.domain.subject.events import SubjectMoved
from services.permissions.domain.subject.evolving import evolve_subject
from services.permissions.domain.subject.state import NOBODY, Grant, Placement, Subject, Terms
from services.permissions.domain.team.rules import DissolveTeam, FormTeam, RenameTeam
from shared.authorization.scopes import Clearance, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    LEO,
    NEWCOMER,
    NOON,
    NORTH,
    ROBOT,
    TITLE,
    Story,
    a_company,
    a_role,
    give,
    grant_id,
    join,
    on,
    policy,
    role,
)

LEFT = LetSubjectLeave("moved to the sea")


def with_robot() -> Story:
    return a_company().given(join(ROBOT, "robot", Placement(owner=ADA), is_service=True))


class TestJoining:
    def test_whoever_joins_has_the_default_role_and_nothing_else(self) -> None:
        story = a_company().when(join(NEWCOMER, "nina")).then("SubjectJoined", "GrantGiven")
        grants = story.subject(NEWCOMER).grants
        assert [grant.terms for grant in grants.values()] == [a_role("joiner")]

    def test_whoever_comes_back_has_nothing_of_what_there_was(self) -> None:
        story = a_company().given(give(ADA, 5, a_role("seller")))
        story = story.given(on(ADA, RequestGrant(grant_id(6), a_role("reader"))))
        story = story.when(on(ADA, LEFT)).then("SubjectLeft")
        assert not story.subject(ADA).grants
        assert not story.subject(ADA).requests
        story = story.given(join(ADA, "ada"))
        grants = story.subject(ADA).grants
        assert [grant.terms for grant in grants.values()] == [a_role("joiner")]

    def test_nobody_joins_twice(self) -> None:
        a_company().when(join(ADA, "ada")).then_refused("subject-already-joined")

    def test_a_name_is_one_subjects_only_whatever_its_case(self) -> None:
        assert a_company().when(join(NEWCOMER, "ADA")).then_refused("name-taken").field == (
            "user_name"
        )
        named = JoinSubject(
            "person", Description("Nina", "nina", identifiers=("ada",)), UUID(int=9)
        )
        assert a_company().when(on(NEWCOMER, named)).then_refused("name-taken").field == (
            "identifiers"
        )
        a_company().given(on(ADA, LEFT)).given(join(NEWCOMER, "ada"))

    def test_a_person_has_no_owner_and_a_manager_who_is_there(self) -> None:
        owned = join(NEWCOMER, "nina", Placement(owner=ADA))
        assert a_company().when(owned).then_refused("invalid-input").field == "owner"
        lost = join(NEWCOMER, "nina", Placement(manager=ROBOT))
        a_company().when(lost).then_refused("manager-not-there")
        own = on(ADA, MoveSubject(Placement(manager=ADA)))
        a_company().when(own).then_refused("manager-not-there")

    @pytest.mark.parametrize("path", ["", "/", "Sales", "sales/", "a/b\n", "a//b"])
    def test_a_department_is_a_path(self, path: str) -> None:
        asked = a_company().when(on(ADA, MoveSubject(Placement(department=path))))
        assert asked.then_refused("invalid-input").field == "department"


class TestLeaving:
    def test_whoever_left_may_do_nothing_and_gets_nothing(self) -> None:
        story = a_company().given(on(ADA, LEFT))
        assert standing_of(story.book.policy, story.subject(ADA)) == NOTHING
        story.when(give(ADA, 5, a_role("reader"))).then_refused("subject-left")
        story.when(on(ADA, LEFT)).then_refused("subject-left")
        story.when(on(ADA, ReinstateSubject())).then_refused("subject-left")

    def test_the_service_accounts_of_whoever_leaves_are_suspended(self) -> None:
        story = with_robot().when(on(ADA, LEFT)).then("SubjectLeft", "SubjectSuspended")
        assert story.subject(ROBOT).life == "suspended"
        story.when(on(ROBOT, ReinstateSubject())).then_refused("owner-not-active")
        story = story.given(on(ROBOT, MoveSubject(Placement(owner=LEO))))
        assert story.given(on(ROBOT, ReinstateSubject())).subject(ROBOT).is_active

    def test_only_an_active_person_answers_for_a_service_account(self) -> None:
        for owner in (None, ROBOT, NEWCOMER):
            asked = with_robot().when(
                join(UUID(int=9), "other", Placement(owner=owner), is_service=True)
            )
            assert asked.then_refused("owner-not-active").field == "owner"
        story = with_robot().given(on(LEO, SuspendSubject()))
        story.when(on(ROBOT, MoveSubject(Placement(owner=LEO)))).then_refused("owner-not-active")

    def test_suspended_is_for_a_while_and_keeps_what_was_given(self) -> None:
        story = a_company().given(give(ADA, 5, a_role("seller")), on(ADA, SuspendSubject("lost")))
        assert standing_of(story.book.policy, story.subject(ADA)) == NOTHING
        story.when(on(ADA, SuspendSubject())).then()
        story = story.when(on(ADA, ReinstateSubject())).then("SubjectReinstated")
        assert "customer:change" in standing_of(story.book.policy, story.subject(ADA)).allowed

    def test_only_whoever_left_is_erased_and_stays_so(self) -> None:
        erased = on(ADA, FinishSubjectErasure("a kid"))
        a_company().when(erased).then_refused("subject-still-there")
        story = a_company().given(on(ADA, LEFT)).when(erased).then("SubjectErased")
        assert story.subject(ADA) == Subject(kind="person", life="erased")
        story.when(erased).then()
        story.when(join(ADA, "ada")).then_refused("subject-erased")


class TestTheLastAdministrator:
    @pytest.mark.parametrize(
        "command", [LetSubjectLeave(), SuspendSubject(), RevokeGrant(grant_id(1))]
    )
    def test_the_last_one_stays_even_if_she_wants_to_go(self, command: SubjectCommand) -> None:
        refusal = a_company().when(on(ERIN, command)).then_refused("last-administrator")
        assert refusal.fix == "make somebody else an administrator first"

    def test_the_last_one_is_not_denied_to_be_one(self) -> None:
        story = a_company().given(*role("rival", 100))
        rival = story.book.subjects[ADA]
        story.book.subjects[ADA] = replace(rival, grants={grant_id(5): Grant(a_role("rival"))})
        denial = Terms(permission="grant:give", effect="deny", starts=NOON + DAY)
        story.asked_by(ADA).when(give(ERIN, 6, denial)).then_refused("last-administrator")

    def test_the_last_one_is_not_removed_by_changing_the_policy(self) -> None:
        story = a_company()
        story.when(policy(RetirePermission("grant:give"))).then_refused("permission-enforced")
        story.when(policy(RetireRole("giver"))).then_refused("last-administrator")
        less = policy(SetRolePermission("giver", "grant:give", ()))
        story.when(less).then_refused("last-administrator")
        internal = Allowance(scope=Scope.ALL, clearance=Clearance.INTERNAL)
        classed = policy(SetDataClass("grant", "*", Clearance.INTERNAL))
        story = story.installed(
            classed, policy(SetRolePermission("giver", "grant:give", (internal,)))
        )
        secret = policy(SetDataClass("grant", "*", Clearance.RESTRICTED))
        story.when(secret).then_refused("last-administrator")

    def test_somebody_for_a_time_or_a_program_is_no_administrator(self) -> None:
        story = a_company()
        for subject_id, terms in (
            (ADA, a_role("giver", until=NOON + DAY)),
            (LEO, Terms(role="giver", records=("1",))),
            (BOB, Terms(role="giver", scope=Scope.DEPARTMENT)),
        ):
            its = replace(story.subject(subject_id), grants={grant_id(9): Grant(terms)})
            story.book.subjects[subject_id] = its
        robot = Subject(kind="service", life="active", grants={grant_id(9): Grant(a_role("giver"))})
        story.book.subjects[ROBOT] = robot
        story.when(on(ERIN, LEFT)).then_refused("last-administrator")

    def test_one_of_two_may_go_and_it_is_told_in_the_stream_of_the_policy(self) -> None:
        story = a_company().asked_by(ADA)
        story = story.given(on(ADA, RequestGrant(grant_id(5), a_role("giver"))))
        story = story.asked_by(ERIN).given(on(ADA, ApproveGrant(grant_id(5))))
        outcome = story.when(on(ERIN, LEFT))
        outcome.then("SubjectLeft", "AdministratorRemoved")
        assert [fact.stream for fact in outcome.facts] == [f"subject-{ERIN}", "policy"]

    def test_daybook_is_set_up_once(self) -> None:
        story = a_company()
        again = Story(story.book, "installation", NOON, is_installation=True)
        again.when(*role("another")).then_refused("already-set-up")


class TestMoving:
    def test_a_move_says_only_what_changed_and_null_where_nothing_is_left(self) -> None:
        story = a_company().given(on(ADA, MoveSubject(Placement(department="sales/north"))))
        outcome = story.when(on(ADA, MoveSubject(Placement(manager=BOB, teams=(NORTH,)))))
        (fact,) = outcome.facts
        assert fact.event == SubjectMoved(manager=BOB, department=None, teams=(NORTH,))
        written = fact.event.model_dump_json(exclude_none=True)
        assert '"department":null' in written
        assert "owner" not in written
        read = SubjectMoved.model_validate_json(written)
        here = Subject(kind="person", life="active", place=Placement(department="x", owner=BOB))
        assert evolve_subject(here, read, by="").place == Placement(BOB, None, (NORTH,), BOB)

    def test_nobody_moves_to_a_team_that_is_not_there(self) -> None:
        asked = on(ADA, MoveSubject(Placement(teams=(UUID(int=7),))))
        a_company().when(asked).then_refused("team-not-found")
        asked = on(ADA, MoveSubject(Placement(teams=(NORTH, NORTH))))
        a_company().when(asked).then_refused("invalid-input")
        asked = on(ADA, MoveSubject(Placement(teams=(NORTH,))))
        a_company().given(OnTeam(NORTH, DissolveTeam())).when(asked).then_refused("team-not-found")

    @pytest.mark.parametrize(
        "command",
        [
            MoveSubject(Placement(department="board")),
            SetSubjectAttributes({"role": "admin"}),
            TrustCaller(),
            ReinstateSubject(),
        ],
    )
    def test_nobody_changes_what_the_own_rights_are_measured_by(
        self, command: SubjectCommand
    ) -> None:
        a_company().when(on(ERIN, command)).then_refused("not-for-yourself")

    def test_a_team_with_people_in_it_is_not_dissolved(self) -> None:
        story = a_company().given(on(ADA, MoveSubject(Placement(teams=(NORTH,)))))
        story.when(OnTeam(NORTH, DissolveTeam())).then_refused("team-has-members")
        story.given(on(ADA, LEFT)).given(OnTeam(NORTH, DissolveTeam()))

    def test_a_team_is_formed_once_and_named_as_often_as_wanted(self) -> None:
        a_company().when(OnTeam(NORTH, FormTeam(TITLE))).then_refused("team-already-formed")
        a_company().when(OnTeam(NORTH, RenameTeam(TITLE))).then()
        a_company().when(OnTeam(UUID(int=7), RenameTeam(TITLE))).then_refused("team-not-found")


class TestTheRest:
    def test_attributes_are_set_and_taken_away_one_by_one(self) -> None:
        story = a_company().given(on(ADA, SetSubjectAttributes({"tier": 1, "vip": True})))
        story = story.given(on(ADA, SetSubjectAttributes({"tier": None})))
        assert story.subject(ADA).attributes == {"vip": True}
        story.when(on(ADA, SetSubjectAttributes({"vip": True, "tier": None}))).then()
        story.when(on(ADA, SetSubjectAttributes({"vip": 1}))).then("SubjectAttributesSet")

    def test_a_caller_is_trusted_until_it_is_not(self) -> None:
        story = with_robot().when(on(ROBOT, TrustCaller())).then("CallerTrusted")
        story.when(on(ROBOT, TrustCaller())).then()
        story = story.when(on(ROBOT, DistrustCaller())).then("CallerDistrusted")
        assert not story.subject(ROBOT).is_trusted_caller

    def test_somebody_is_described_anew(self) -> None:
        new = on(ADA, DescribeSubject(Description("Ada L.", "ada", ("ada@example.org",))))
        story = a_company().when(new).then("SubjectDescribed")
        assert story.subject(ADA).emails == ("ada@example.org",)
        story.when(new).then()

    def test_somebody_who_is_not_there_is_not_changed(self) -> None:
        a_company().when(on(NEWCOMER, SuspendSubject())).then_refused("subject-not-found")
        assert a_company().subject(NEWCOMER) == NOBODY
