"""Roles inherit without circles, and nobody defines what nobody could use."""

from itertools import pairwise

import pytest

from services.permissions.domain.book import Asked
from services.permissions.domain.policy.commands import (
    AddRoleParent,
    ChooseDefaultRole,
    DefinePermission,
    DefineRole,
    DefineSodRule,
    RemoveDataClass,
    RemoveRoleParent,
    RetirePermission,
    RetireRole,
    SetDataClass,
    SetFreshnessLimit,
    SetRolePermission,
)
from services.permissions.domain.policy.events import Allowance
from services.permissions.domain.policy.inheritance import lineage
from services.permissions.domain.rights import Right, standing_of
from shared.authorization.scopes import Clearance, Risk, Scope
from tests.permissions.domain.stories import (
    ADA,
    TITLE,
    Story,
    a_company,
    a_role,
    allowance,
    give,
    nothing,
    parent,
    permission,
    policy,
    role,
)


def a_chain(roles: int) -> list[Asked]:
    """Ask for so many roles, each with the next as its parent."""
    names = [f"role_{number}" for number in range(roles)]
    defined = [one for name in names for one in role(name)]
    return defined + [parent(*pair) for pair in pairwise(names)]


def ada_may(story: Story, name: str) -> tuple[Right, ...]:
    return standing_of(story.book.policy, story.subject(ADA)).allowed.get(name, ())


class TestInheritance:
    def test_a_circle_of_roles_is_refused_however_long(self) -> None:
        story = nothing().given(*a_chain(3))
        refusal = story.when(parent("role_2", "role_0")).then_refused("role-cycle")
        assert refusal.field == "parent"
        story.when(parent("role_0", "role_0")).then_refused("role-cycle")

    def test_a_circle_through_a_retired_role_is_refused_because_it_may_come_back(self) -> None:
        story = nothing().given(*a_chain(3), policy(RetireRole("role_1")))
        story.when(parent("role_2", "role_0")).then_refused("role-cycle")

    def test_ten_roles_may_follow_each_other_and_eleven_may_not(self) -> None:
        story = nothing().given(*a_chain(10), *role("eleventh"))
        story.when(parent("role_9", "eleventh")).then_refused("roles-too-deep")
        story.when(parent("eleventh", "role_0")).then_refused("roles-too-deep")

    def test_of_a_diamond_each_role_counts_once(self) -> None:
        story = nothing().given(
            permission("customer:read"),
            *role("top", customer__read="own/internal"),
            *role("left"), *role("right"), *role("bottom"),
            parent("left", "top"), parent("right", "top"),
            parent("bottom", "left"), parent("bottom", "right"),
        )  # fmt: skip
        assert sorted(lineage(story.book.policy, "bottom")) == ["bottom", "left", "right", "top"]

    def test_when_a_parent_is_retired_its_children_lose_what_came_through_it(self) -> None:
        story = a_company().given(*role("trainee", 5), parent("trainee", "reader"))
        story = story.given(give(ADA, 5, a_role("trainee")))
        assert ada_may(story, "customer:read")
        story = story.given(policy(RetireRole("reader")))
        assert not ada_may(story, "customer:read")
        story = story.given(policy(DefineRole("reader", 10, TITLE)))
        assert ada_may(story, "customer:read")

    def test_a_retired_role_becomes_nobodys_parent(self) -> None:
        story = nothing().given(*role("old"), *role("new"), policy(RetireRole("old")))
        assert story.when(parent("new", "old")).then_refused("role-retired").field == "parent"

    def test_the_same_parent_again_changes_nothing(self) -> None:
        story = nothing().given(*a_chain(2))
        story.when(policy(AddRoleParent("role_0", "role_1"))).then()
        story.given(policy(RemoveRoleParent("role_0", "role_1"))).when(
            policy(RemoveRoleParent("role_0", "role_1"))
        ).then()


class TestRoles:
    def test_an_entry_taken_from_a_role_is_taken_from_all_its_holders(self) -> None:
        story = a_company().given(give(ADA, 5, a_role("seller")))
        assert ada_may(story, "customer:change")
        story = story.given(policy(SetRolePermission("seller", "customer:change", ())))
        assert not ada_may(story, "customer:change")

    def test_a_role_has_no_permission_that_is_unknown_or_retired(self) -> None:
        wanted = SetRolePermission("reader", "customer:sell", (allowance("own/internal"),))
        refusal = a_company().when(policy(wanted)).then_refused("permission-not-found")
        assert refusal.field == "permission"
        retired = SetRolePermission("boss", "report:read", (allowance("own/internal"),))
        story = a_company().given(permission("report:read"))
        story = story.given(policy(RetirePermission("report:read")))
        story.when(policy(retired)).then_refused("permission-retired")

    def test_a_condition_is_checked_when_the_role_gets_it(self) -> None:
        wrong = Allowance(
            scope=Scope.OWN, clearance=Clearance.INTERNAL, condition={"attribute": "weather"}
        )
        asked = policy(SetRolePermission("reader", "customer:read", (wrong,)))
        assert a_company().when(asked).then_refused("invalid-input").field == (
            "allowances[0].condition.attribute"
        )

    def test_what_everybody_gets_who_joins_is_not_retired(self) -> None:
        a_company().when(policy(RetireRole("joiner"))).then_refused("role-is-default")
        a_company().given(policy(ChooseDefaultRole(None)), policy(RetireRole("joiner")))

    def test_a_retired_permission_is_nobodys(self) -> None:
        story = a_company().given(
            permission("report:read"),
            *role("reporter", 10, report__read="own/internal"),
            give(ADA, 5, a_role("reporter")),
        )
        assert ada_may(story, "report:read")
        story = story.given(policy(RetirePermission("report:read")))
        assert not ada_may(story, "report:read")

    @pytest.mark.parametrize("name", ["policy:change", "role:change", "customer:read"])
    def test_what_daybook_itself_asks_for_is_not_retired(self, name: str) -> None:
        refusal = a_company().when(policy(RetirePermission(name)))
        assert refusal.then_refused("permission-enforced").field == "permission"

    @pytest.mark.parametrize("level", [-1, 101])
    def test_a_level_is_between_0_and_100(self, level: int) -> None:
        asked = nothing().when(policy(DefineRole("reader", level, TITLE)))
        assert asked.then_refused("invalid-input").field == "level"


class TestTheRest:
    def test_what_changes_nothing_is_no_event(self) -> None:
        story = nothing().given(permission("customer:read"), *role("reader"))
        story.when(permission("customer:read"), *role("reader")).then()
        classed = policy(SetDataClass("customer", "name", Clearance.CONFIDENTIAL))
        story.given(classed).when(classed).then()
        fresh = policy(SetFreshnessLimit(Risk.CRITICAL, 1))
        story.given(fresh).when(fresh).then()

    def test_a_class_that_is_taken_away_is_gone(self) -> None:
        classed = policy(SetDataClass("customer", "name", Clearance.CONFIDENTIAL))
        story = nothing().given(classed).given(policy(RemoveDataClass("customer", "name")))
        assert not story.book.policy.data_classes

    def test_no_copy_of_the_policy_is_fresh_for_ever_or_for_less_than_four_beats(self) -> None:
        for seconds in (0.5, 10**9, float("inf"), float("nan")):
            asked = nothing().when(policy(SetFreshnessLimit(Risk.LOW, seconds)))
            assert asked.then_refused("invalid-input").field == "seconds"

    @pytest.mark.parametrize("name", ["", "read", "Customer:read", "customer:read:all", "a:b\n"])
    def test_a_permission_is_called_by_what_and_by_what_one_does(self, name: str) -> None:
        asked = nothing().when(policy(DefinePermission(name, Risk.LOW, TITLE)))
        assert asked.then_refused("invalid-input").field == "permission"

    def test_a_rule_that_nobody_could_keep_is_refused(self) -> None:
        story = nothing().given(permission("customer:read"))
        rule = DefineSodRule("both", "static", ("customer:read",), ("customer:read",))
        assert story.when(policy(rule)).then_refused("invalid-input").field == "second"
        rule = DefineSodRule("unknown", "static", ("customer:read",), ("payer",))
        assert story.when(policy(rule)).then_refused("role-not-found").field == "second"
