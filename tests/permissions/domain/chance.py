"""Commands are made up by chance, the same ones for the same number."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import UUID

from services.permissions.domain.book import Asked, OnPolicy
from services.permissions.domain.policy.commands import (
    DefineRole,
    DefineSodRule,
    RetireRole,
    SetRolePermission,
)
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    ExtendGrant,
    LetSubjectLeave,
    ReduceGrant,
    ReinstateSubject,
    RequestGrant,
    RevokeGrant,
    SuspendSubject,
)
from services.permissions.domain.subject.state import Terms
from shared.authorization.scopes import Clearance, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    LEO,
    NOON,
    TITLE,
    Story,
    a_company,
    a_role,
    allowance,
    give,
    grant_id,
    join,
    on,
    parent,
    policy,
    role,
)

EVERYBODY = (ERIN, ADA, LEO, BOB)
ROLES = ("joiner", "reader", "seller", "boss", "exporter", "giver", "clerk", "checker")
PERMISSIONS = ("customer:read", "customer:change", "customer:export", "grant:give")


def an_office() -> Story:
    """Begin with two administrators, and with readers and exporters kept apart."""
    story = a_company().given(
        *role("clerk", 20),
        *role("checker", 20, customer__change="own/internal"),
        policy(DefineSodRule("apart", "static", ("clerk", "customer:export"), ("checker",))),
    )
    story = story.asked_by(ADA).given(on(ADA, RequestGrant(grant_id(9), a_role("giver"))))
    return story.asked_by(ERIN).given(on(ADA, ApproveGrant(grant_id(9))))


class Chance:
    """Makes up commands; the same number makes up the same."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - no secret
        self.number = 10_000

    def who(self) -> UUID:
        return self.dice.choice(EVERYBODY)

    def asked(self, story: Story) -> Asked:
        kinds: list[Callable[[Story], Asked]] = [
            self._giving, self._deciding, self._changing, self._living, self._policy,
        ]  # fmt: skip
        return self.dice.choice(kinds)(story)

    def _terms(self, at: timedelta) -> Terms:
        starts = self.dice.choice([None, NOON + at + HOUR])
        until = self.dice.choice([None, None, NOON + at + DAY])
        if self.dice.random() < 0.7:
            return a_role(self.dice.choice(ROLES), starts=starts, until=until)
        scope, clearance = self.dice.choice(list(Scope)), self.dice.choice(list(Clearance))
        if self.dice.random() < 0.3:
            return Terms(permission=self.dice.choice(PERMISSIONS), effect="deny", until=until)
        return Terms(None, self.dice.choice(PERMISSIONS), "allow", scope, clearance)

    def _giving(self, story: Story) -> Asked:
        self.number += 1
        who, terms = self.who(), self._terms(story.at - NOON)
        if self.dice.random() < 0.5:
            return give(who, self.number, terms)
        return on(who, RequestGrant(grant_id(self.number), terms))

    def _deciding(self, story: Story) -> Asked:
        who = self.who()
        return on(who, ApproveGrant(self._one_of(list(story.subject(who).requests))))

    def _changing(self, story: Story) -> Asked:
        who = self.who()
        which = self._one_of(list(story.subject(who).grants))
        until = story.at + self.dice.choice([-1, 1, 2]) * DAY
        commands = (
            RevokeGrant(which),
            ExtendGrant(which, self.dice.choice([None, until])),
            ReduceGrant(which, self.dice.choice(list(Scope)), None, until),
        )
        return on(who, self.dice.choice(commands))

    def _living(self, _story: Story) -> Asked:
        who = self.who()
        commands = (SuspendSubject(), ReinstateSubject(), LetSubjectLeave())
        joining = join(who, f"name{who.int}")
        return self.dice.choice([joining, joining, *(on(who, command) for command in commands)])

    def _policy(self, _story: Story) -> Asked:
        name, other = self.dice.choice(ROLES), self.dice.choice(ROLES)
        how = self.dice.choice([(), (allowance("own/internal"),), (allowance("all/restricted"),)])
        asked: list[OnPolicy] = [
            policy(DefineRole(name, self.dice.randrange(101), TITLE)),
            policy(RetireRole(name)),
            policy(SetRolePermission(name, self.dice.choice(PERMISSIONS), how)),
            parent(name, other),
        ]
        return self.dice.choice(asked)

    def _one_of(self, ids: list[UUID]) -> UUID:
        return self.dice.choice(ids) if ids else grant_id(0)
