"""A policy is a file that people review: applied twice it changes nothing."""

from typing import Any
from uuid import UUID

import pytest
import yaml

from services.permissions.domain.authority import is_administrator, is_risky
from services.permissions.domain.book import SubjectFact
from services.permissions.domain.policy.inheritance import level_of
from services.permissions.domain.policy_file.planning import Plan
from services.permissions.domain.policy_file.reading import read_policy
from services.permissions.domain.policy_file.writing import write_policy
from services.permissions.domain.subject.state import Terms
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import DaybookError, InvalidInputError, RuleBrokenError, SeveralFieldsError
from tests.permissions.domain.files import DEFAULT, ERIN, FIXTURE, PEOPLE, TODO, Desk, demo
from tests.permissions.domain.stories import NOON

SMALL = """\
daybook_policy: 1
permissions:
  thing:see: {risk: low, title: See}
roles:
  seer:
    level: 10
    title: Seer
    permissions:
      thing:see: own/internal
subjects:
  nina:
    id: 00000000-0000-4000-8000-000000000077
    grants: [seer]
"""
NINA = UUID("00000000-0000-4000-8000-000000000077")


def changed(planned: Plan) -> dict[str, list[tuple[str, int, int]]]:
    """Return (permission, gained, lost) by the last digits of the subject."""
    return {
        str(one.subject_id)[-2:]: [
            (d.permission, len(d.gained), len(d.lost)) for d in one.differences
        ]
        for one in planned.changes
    }


def types(planned: Plan) -> list[str]:
    return [type(fact.event).__name__ for fact in planned.facts]


class TestReading:
    def test_every_place_that_is_wrong_is_told_with_its_line_and_how_to_mend_it(self) -> None:
        wrong = SMALL.replace("level: 10", "level: 101").replace("own/internal", "mine/internal")
        with pytest.raises(SeveralFieldsError) as refused:
            read_policy(wrong)
        assert [(one.field, one.fix) for one in refused.value.errors] == [
            ("line 6, roles.seer.level", "Use at most 100."),
            ("line 9, roles.seer.permissions.thing:see", "Write it like team/internal."),
        ]

    def test_a_word_that_means_nothing_and_one_that_is_missing_are_told(self) -> None:
        with pytest.raises(SeveralFieldsError) as refused:
            read_policy(SMALL.replace("title: Seer", "titel: Seer"))
        told = {(one.field, one.problem) for one in refused.value.errors}
        assert ("line 5, roles.seer", "lacks title") in told
        assert ("line 7, roles.seer.titel", "means nothing here") in told

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("daybook_policy: 1\nroles: {", 2),
            ("daybook_policy: 1\nroles: {}\nroles: {}", 3),
            ("a: &a {b: 1}\nc: *a", 1),
            ("daybook_policy: 1\nroles: !!python/object:os.system x", 2),
            ("daybook_policy: 1\nno: {}", 2),
            ("[" * 5_000, 1),
            ("\x00", 1),
        ],
    )
    def test_what_is_no_plain_yaml_is_refused_with_its_line(self, text: str, line: int) -> None:
        with pytest.raises(InvalidInputError) as refused:
            read_policy(text)
        assert refused.value.field == f"line {line}"
        assert refused.value.fix

    def test_a_bomb_of_anchors_is_not_unfolded(self) -> None:
        bomb = "a: &a [x, x]\n" + "\n".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]"
            for n in range(20)
        )
        with pytest.raises(InvalidInputError):
            read_policy(bomb)

    def test_a_rule_that_refuses_says_at_which_line(self) -> None:
        desk = demo()
        unknown = SMALL.replace("grants: [seer]", "grants:\n      - seer\n      - prophet")
        with pytest.raises(DaybookError) as refused:
            desk.plan(unknown)
        assert refused.value.field == "line 15, subjects[0].grants[1]: role"
        with pytest.raises(RuleBrokenError) as cycle:
            desk.plan(SMALL.replace("    permissions:", "    parents: [seer]\n    permissions:"))
        assert cycle.value.field == "line 8, roles.seer.parents[0]: parent"


class TestApplying:
    def test_the_files_that_come_along_can_be_applied_and_change_nothing_the_second_time(
        self,
    ) -> None:
        desk = Desk()
        for path in (DEFAULT, PEOPLE, TODO, FIXTURE):
            assert desk.apply(path).facts
            assert desk.apply(path).facts == ()

    def test_who_gains_and_who_loses_is_told_before_it_happens(self) -> None:
        desk = demo()
        assert changed(desk.plan(SMALL)) == {
            "77": [
                ("explanation:read", 1, 0), ("grant:read", 1, 0), ("grant:request", 1, 0),
                ("subject:read", 1, 0), ("thing:see", 1, 0),
            ],
        }  # fmt: skip
        assert NINA not in desk.book.subjects
        desk.apply(SMALL)
        less = SMALL.replace("own/internal", "own/public")
        assert changed(desk.plan(less)) == {"77": [("thing:see", 0, 1)]}
        more = SMALL.replace("own/internal", "[own/internal, team/public]")
        assert changed(desk.plan(more)) == {"77": [("thing:see", 1, 0)]}
        other = SMALL.replace("own/internal", "team/public")
        assert changed(desk.plan(other)) == {"77": [("thing:see", 1, 1)]}

    @pytest.mark.parametrize(
        ("grant", "gained", "lost"),
        [
            ("{role: seer, until: 2026-12-24T00:00:00Z}", 0, 1),
            ("{role: seer, from: 2026-12-24T00:00:00Z}", 0, 1),
            ("{role: seer, records: [r-1]}", 0, 1),
            ("{role: seer, condition: {attribute: resource.status, is: present}}", 0, 1),
            ("{role: seer, scope: team}", 0, 0),
        ],
    )
    def test_whatever_narrows_a_grant_is_a_loss_and_taking_it_back_a_gain(
        self, grant: str, gained: int, lost: int
    ) -> None:
        desk = demo()
        desk.apply(SMALL)
        narrowed = SMALL.replace("[seer]", f"[{grant}]")
        planned = desk.apply(narrowed)
        assert types(planned) == ["GrantRevoked", "GrantGiven"]
        assert changed(planned) == ({"77": [("thing:see", gained, lost)]} if lost else {})
        assert changed(desk.apply(SMALL)) == ({"77": [("thing:see", lost, gained)]} if lost else {})

    def test_a_denial_takes_and_lifting_it_gives(self) -> None:
        desk = demo()
        desk.apply(SMALL)
        denied = SMALL.replace("[seer]", "[seer, {permission: thing:see, effect: deny}]")
        assert changed(desk.apply(denied)) == {"77": [("thing:see", 0, 1)]}
        assert changed(desk.apply(SMALL)) == {"77": [("thing:see", 1, 0)]}

    def test_what_the_file_does_not_name_stays_unless_it_covers_everything(self) -> None:
        desk = demo()
        desk.apply(SMALL)
        assert desk.plan("daybook_policy: 1").facts == ()
        without = SMALL.replace("\n      thing:see: own/internal", " {}")
        assert types(desk.plan(without)) == ["RolePermissionSet"]
        whole = write_policy(desk.book, NOON)
        content = yaml.safe_load(whole)
        del content["roles"]["seer"], content["subjects"]["nina"]
        assert types(desk.plan(yaml.safe_dump(content))) == ["RoleRetired"]

    def test_what_is_risky_is_only_requested_and_requested_once(self) -> None:
        desk = demo()
        risky = SMALL.replace("[seer]", "[seer, sales_manager]")
        planned = desk.apply(risky)
        assert [fact.subject_id for fact in planned.requested] == [NINA]
        assert desk.apply(risky).facts == ()

    def test_two_roles_may_change_places(self) -> None:
        chain = SMALL + "  \n"
        up = chain.replace("roles:\n", "roles:\n  under: {level: 1, title: U, parents: [seer]}\n")
        down = chain.replace("roles:\n", "roles:\n  under: {level: 1, title: U}\n").replace(
            "    title: Seer\n", "    title: Seer\n    parents: [under]\n"
        )
        desk = demo()
        desk.apply(up)
        assert types(desk.apply(down)) == ["RoleParentRemoved", "RoleParentAdded"]

    def test_nobody_gains_by_a_file_that_they_apply_themselves(self) -> None:
        mine = "daybook_policy: 1\nroles:\n  joiner: {level: 0, title: J, permissions: {X}}"
        for text in (
            mine.replace("{X}", "{snapshot:read: all/public}"),
            f"daybook_policy: 1\nsubjects: {{erin: {{id: {ERIN}, also_grants: [viewer]}}}}",
        ):
            with pytest.raises(DaybookError) as refused:
                demo().plan(text)
            assert refused.value.problem_code == "not-for-yourself"


class TestWritingBack:
    def test_what_is_written_changes_nothing_when_it_is_applied(self) -> None:
        desk = demo()
        for path in (TODO, FIXTURE):
            desk.apply(path)
        written = write_policy(desk.book, NOON)
        assert desk.plan(written).facts == ()

    def test_elsewhere_it_makes_the_same(self) -> None:
        desk = demo()
        desk.apply(TODO)
        written = write_policy(desk.book, NOON)
        other = Desk()
        other.apply(written)
        assert write_policy(other.book, NOON) == written


@pytest.fixture(name="desk", scope="module")
def fixture_desk() -> Desk:
    return demo()


class TestTheDefaults:
    def grants_of(self, desk: Desk, name: str) -> set[str]:
        subject = next(one for one in desk.book.subjects.values() if one.user_name == name)
        return {str(grant.terms.role) for grant in subject.grants.values()} - {"joiner"}

    def test_the_people_of_the_demo_are_those_who_sign_in(self, desk: Desk) -> None:
        known = {str(one): its.user_name for one, its in desk.book.subjects.items()}
        for name, person in DEMO_PEOPLE.items():
            assert known[person.subject] == name
        assert self.grants_of(desk, "erin") == {"crm_admin", "permission_admin"}
        assert self.grants_of(desk, "wang") == {"sales_rep"}

    def test_erin_alone_administers_and_who_audits_never_writes(self, desk: Desk) -> None:
        policy = desk.book.policy
        admins = [i for i, one in desk.book.subjects.items() if is_administrator(policy, one)]
        assert [str(one) for one in admins] == [ERIN]
        writing = ("change", "register", "give", "approve", "erase", "import", "operate")
        assert not [
            name for name in policy.roles["auditor"].allowances if name.split(":")[1] in writing
        ]

    def test_a_permission_administrator_sees_no_customer(self, desk: Desk) -> None:
        names = desk.book.policy.roles["permission_admin"].allowances
        assert not [name for name in names if name.startswith(("customer:", "subject_key:"))]

    def test_everything_has_a_class_and_everything_is_in_a_role(self, desk: Desk) -> None:
        policy = desk.book.policy
        classed = {kind for kind, field in policy.data_classes if field == "*"}
        assert {name.split(":")[0] for name in policy.permissions} == classed
        used = {name for role in policy.roles.values() for name in role.allowances}
        assert used == set(policy.permissions)

    @pytest.mark.parametrize(
        ("role", "risky"),
        [
            ("joiner", False), ("viewer", False), ("sales_rep", False), ("support_agent", False),
            ("sales_manager", True), ("crm_admin", True), ("data_protection", True),
            ("permission_admin", True), ("operator", True), ("subscriber", True),
        ],
    )  # fmt: skip
    def test_a_role_that_can_do_much_harm_needs_two_people(
        self, desk: Desk, role: str, *, risky: bool
    ) -> None:
        assert is_risky(desk.book, Terms(role=role)) is risky


def test_a_file_that_covers_everything_retires_nothing_that_daybook_itself_asks_for() -> None:
    less = DEFAULT.read_text().replace("covers: what_it_names", "covers: everything")
    gone = [line for line in less.splitlines() if "role:change:" not in line]
    with pytest.raises(RuleBrokenError) as refused:
        demo().plan("\n".join(gone))
    assert refused.value.problem_code == "permission-enforced"
    assert (refused.value.field or "").endswith("permissions: permission")


def test_facts_of_a_plan_name_the_subject_they_are_about() -> None:
    planned: Any = demo().plan(SMALL)
    assert {f.subject_id for f in planned.facts if isinstance(f, SubjectFact)} == {NINA}


@pytest.mark.parametrize("role", ["subscriber", "service", "provisioner"])
def test_what_a_program_needs_only_the_highest_level_gives(desk: Desk, role: str) -> None:
    assert level_of(desk.book.policy, role) == 100
