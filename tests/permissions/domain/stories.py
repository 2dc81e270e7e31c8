"""Stories about rights begin here: a small policy, a few people, and one question at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.permissions.domain.book import (
    Asked,
    Asking,
    Book,
    Fact,
    OnPolicy,
    OnSubject,
    OnTeam,
)
from services.permissions.domain.deciding import decide, step
from services.permissions.domain.policy.commands import (
    AddRoleParent,
    ChooseDefaultRole,
    DefinePermission,
    DefineRole,
    PolicyCommand,
    SetRolePermission,
)
from services.permissions.domain.policy.events import Allowance, Title
from services.permissions.domain.second_person import approve
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    Description,
    GiveGrant,
    JoinSubject,
    RequestGrant,
    SubjectCommand,
)
from services.permissions.domain.subject.events import SubjectKind
from services.permissions.domain.subject.state import NOWHERE, Placement, Subject, Terms
from services.permissions.domain.team.rules import FormTeam
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.errors import DaybookError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ERIN, ADA, LEO, BOB, ROBOT, NEWCOMER = (UUID(int=n) for n in range(1, 7))
KIM = UUID(int=7)
NORTH = UUID(int=100)
TITLE = Title(en="Something", zh="某事")


def grant_id(number: int) -> UUID:
    return UUID(int=1_000 + number)


def permission(name: str, risk: Risk = Risk.NORMAL) -> OnPolicy:
    return OnPolicy(DefinePermission(name, risk, TITLE))


def role(name: str, level: int = 10, **has: str) -> list[Asked]:
    """Ask for a role; `customer__read="team/internal"` is one permission of it."""
    asked: list[Asked] = [OnPolicy(DefineRole(name, level, TITLE))]
    return asked + [
        OnPolicy(SetRolePermission(name, what.replace("__", ":"), (allowance(how),)))
        for what, how in has.items()
    ]


def allowance(text: str) -> Allowance:
    scope, clearance = text.split("/")
    return Allowance(scope=Scope(scope), clearance=Clearance(clearance))


def parent(role_name: str, of: str) -> OnPolicy:
    return OnPolicy(AddRoleParent(role_name, of))


def policy(command: PolicyCommand) -> OnPolicy:
    return OnPolicy(command)


def on(subject_id: UUID, command: SubjectCommand) -> OnSubject:
    return OnSubject(subject_id, command)


def join(
    subject_id: UUID, name: str, place: Placement = NOWHERE, *, is_service: bool = False
) -> OnSubject:
    """Ask to let somebody join; the grant of the default role has the number 500 + theirs."""
    kind: SubjectKind = "service" if is_service else "person"
    joining = JoinSubject(
        kind, Description(name, name), grant_id(500 + subject_id.int), place=place
    )
    return OnSubject(subject_id, joining)


def give(subject_id: UUID, number: int, terms: Terms) -> OnSubject:
    return OnSubject(subject_id, GiveGrant(grant_id(number), terms))


def a_role(name: str, *, starts: datetime | None = None, until: datetime | None = None) -> Terms:
    return Terms(role=name, starts=starts, until=until)


@dataclass(frozen=True, slots=True)
class Story:
    """What happened so far, who asks next, and when."""

    book: Book
    by: str = str(ERIN)
    at: datetime = NOON
    is_installation: bool = False
    change: str | None = None
    """By which file it is asked for."""
    told: tuple[Fact, ...] = ()
    """Every fact so far."""

    def given(self, *asked: Asked) -> "Story":
        """Let this have been asked and have happened."""
        return self.when(*asked).then_done()

    def installed(self, *asked: Asked) -> "Story":
        """Let this have happened whatever the rules say of who may ask for it."""
        asking = Asking(self.by, self.at)
        book, facts = self.book.copy(), list[Fact]()
        for one in asked:
            facts += step(book, one, replace(asking, is_installation=True))
        return replace(self, book=book, told=(*self.told, *facts))

    def asked_by(self, who: UUID) -> "Story":
        return replace(self, by=str(who))

    def later(self, by: timedelta) -> "Story":
        return replace(self, at=self.at + by)

    def when(self, *asked: Asked) -> "Outcome":
        """Ask for something, as one."""
        asking = Asking(self.by, self.at, is_installation=self.is_installation, change=self.change)
        try:
            return Outcome(self, decide(self.book, asked, asking))
        except DaybookError as error:
            return Outcome(self, refusal=error)

    def approved_by(self, who: UUID, *asked: Asked) -> "Outcome":
        """Let somebody agree to a change by a file that will ask for this."""
        asking = Asking(str(who), self.at, change="a file", is_looking=True)
        draft = self.book.draft()
        try:
            for fact in decide(self.book, asked, asking):
                draft.fold(fact, asking.by)
            return Outcome(replace(self, change="a file"), approve(draft, asking))
        except DaybookError as error:
            return Outcome(self, refusal=error)

    def agreed(self, *asked: Asked) -> "Story":
        """Let this have happened after Kim, who has the same level, agreed to it."""
        story = self
        if KIM not in self.book.subjects:
            story = story.given(join(KIM, "kim"))
            story = story.asked_by(KIM).given(on(KIM, RequestGrant(grant_id(90), a_role("giver"))))
            story = story.asked_by(ERIN).given(on(KIM, ApproveGrant(grant_id(90))))
        return story.approved_by(KIM, *asked).then_done().given(*asked)

    def subject(self, subject_id: UUID) -> Subject:
        return self.book.subject(subject_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking led to."""

    before: Story
    facts: Sequence[Fact] = field(default_factory=list)
    refusal: DaybookError | None = None

    def then_done(self) -> Story:
        """Expect that it happened; the story goes on after it."""
        if self.refusal is not None:
            raise AssertionError("it was refused, and should not have been") from self.refusal
        book = self.before.book.copy()
        for fact in self.facts:
            book.fold(fact, self.before.by)
        return replace(self.before, book=book, told=(*self.before.told, *self.facts))

    def then(self, *events: str) -> Story:
        """Expect facts of exactly these types."""
        story = self.then_done()
        assert [type(fact.event).__name__ for fact in self.facts] == list(events)
        return story

    def then_refused(self, code: str) -> DaybookError:
        """Expect a refusal with this code, which says how to mend it."""
        assert self.refusal is not None, f"it was not refused and led to {self.facts}"
        assert self.refusal.problem_code == code
        assert self.refusal.fix
        return self.refusal


def nothing() -> Story:
    """Begin with an empty store, asked by whoever sets Daybook up."""
    return Story(Book(), is_installation=True)


def a_company() -> Story:
    """Begin with Erin, who gives grants, Bob, who keeps the policy, and Ada and Leo.

    What files ask for is what their commands ask for by hand: Erin and Bob may change the policy.
    """
    story = nothing().given(
        permission("customer:read", Risk.LOW),
        permission("customer:change"),
        permission("customer:export", Risk.HIGH),
        permission("grant:give", Risk.CRITICAL),
        permission("grant:approve"),
        permission("policy:change"),
        permission("role:change"),
        *role("joiner", 0),
        *role("reader", 10, customer__read="own/internal"),
        *role("seller", 20, customer__read="team/internal", customer__change="own/confidential"),
        *role("boss", 60, customer__read="all/confidential"),
        *role("exporter", 40, customer__export="all/confidential"),
        *role("keeper", 60, policy__change="all/restricted", role__change="all/restricted"),
        *role("giver", 100, grant__give="all/restricted", grant__approve="all/restricted"),
        parent("giver", "keeper"),
        policy(ChooseDefaultRole("joiner")),
        OnTeam(NORTH, FormTeam(TITLE)),
        join(ERIN, "erin"),
        join(ADA, "ada"),
        join(LEO, "leo"),
        join(BOB, "bob"),
    )
    story = story.given(
        give(ERIN, 1, a_role("giver")),
        give(BOB, 2, a_role("boss")),
        give(BOB, 80, a_role("keeper")),
    )
    return replace(story, is_installation=False)
