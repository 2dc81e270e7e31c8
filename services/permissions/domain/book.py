"""Everything at one moment: the policy, subjects, teams and reviews, folded from facts.

A rule that looks at more than one of them looks at the book.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.permissions.domain.policy.commands import PolicyCommand
from services.permissions.domain.policy.events import PolicyEvent
from services.permissions.domain.policy.rules import evolve_policy
from services.permissions.domain.policy.state import NO_POLICY, Policy
from services.permissions.domain.review.commands import ReviewCommand
from services.permissions.domain.review.events import ReviewEvent
from services.permissions.domain.review.state import NO_REVIEW, Review, evolve_review
from services.permissions.domain.subject.commands import SubjectCommand
from services.permissions.domain.subject.events import SubjectEvent
from services.permissions.domain.subject.evolving import evolve_subject
from services.permissions.domain.subject.state import NOBODY, Subject
from services.permissions.domain.team.events import TeamEvent
from services.permissions.domain.team.rules import NO_TEAM, Team, TeamCommand, evolve_team

POLICY_STREAM = "policy"


@dataclass(frozen=True, slots=True)
class OnPolicy:
    """A command to the policy."""

    command: PolicyCommand


@dataclass(frozen=True, slots=True)
class OnSubject:
    """A command to one subject."""

    subject_id: UUID
    command: SubjectCommand


@dataclass(frozen=True, slots=True)
class OnTeam:
    """A command to one team."""

    team_id: UUID
    command: TeamCommand


@dataclass(frozen=True, slots=True)
class OnReview:
    """A command to one access review."""

    review_id: UUID
    command: ReviewCommand


Asked = OnPolicy | OnSubject | OnTeam | OnReview


@dataclass(frozen=True, slots=True)
class PolicyFact:
    """Something that happened to the policy."""

    event: PolicyEvent

    @property
    def stream(self) -> str:
        """Return the stream that it belongs in."""
        return POLICY_STREAM


@dataclass(frozen=True, slots=True)
class SubjectFact:
    """Something that happened to one subject."""

    subject_id: UUID
    event: SubjectEvent

    @property
    def stream(self) -> str:
        """Return the stream that it belongs in."""
        return f"subject-{self.subject_id}"


@dataclass(frozen=True, slots=True)
class TeamFact:
    """Something that happened to one team."""

    team_id: UUID
    event: TeamEvent

    @property
    def stream(self) -> str:
        """Return the stream that it belongs in."""
        return f"team-{self.team_id}"


@dataclass(frozen=True, slots=True)
class ReviewFact:
    """Something that happened in one access review."""

    review_id: UUID
    event: ReviewEvent

    @property
    def stream(self) -> str:
        """Return the stream that it belongs in."""
        return f"review-{self.review_id}"


Fact = PolicyFact | SubjectFact | TeamFact | ReviewFact


@dataclass(frozen=True, slots=True)
class ByReview:
    """An access review carries out what a reviewer decided."""

    review: UUID
    decided_by: str | None
    """The id of who decided; None: nobody did, silence counted."""

    @property
    def person(self) -> UUID | None:
        """Return who decided, as events name people."""
        return None if self.decided_by is None else UUID(self.decided_by)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, when and why."""

    by: str
    """The id of the subject that asks."""
    at: datetime
    reason: str | None = None
    """Stored in clear text with changes of the policy: it says nothing of people."""
    is_installation: bool = False
    """Whether this sets Daybook up, before there is anybody who could give anything."""
    by_review: ByReview | None = None
    """The review whose signed-off decision this is; it may take away above anybody's level."""
    change: str | None = None
    """The digest of the policy file by which it is asked for; None: not by a file."""
    is_looking: bool = False
    """Whether it is only asked what would happen; what two must agree to is told, not refused."""


@dataclass(slots=True)
class Book:
    """The policy, subjects, teams and reviews; folding changes it, deciding does not."""

    policy: Policy = NO_POLICY
    subjects: dict[UUID, Subject] = field(default_factory=dict)
    teams: dict[UUID, Team] = field(default_factory=dict)
    reviews: dict[UUID, Review] = field(default_factory=dict)
    before: "Book | None" = None
    """Of a draft: the book as it is, before anything of what is asked was done."""

    @property
    def moments(self) -> tuple["Book", ...]:
        """Return the books that a rule must hold by: of a draft also the one before it."""
        return (self,) if self.before is None else (self.before, self)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Return the policies that a rule must hold by, so that none is loosened on the way."""
        return tuple(book.policy for book in self.moments)

    def draft(self) -> "Book":
        """Return what the book would be; what is asked is done to it, one after the other."""
        return replace(self.copy(), before=self)

    def copy(self) -> "Book":
        """Return a book of its own with the same in it."""
        return Book(self.policy, dict(self.subjects), dict(self.teams), dict(self.reviews))

    def fold(self, fact: Fact, by: str) -> None:
        """Take in one more fact of this actor."""
        match fact:
            case PolicyFact(event=event):
                self.policy = evolve_policy(self.policy, event)
            case SubjectFact(subject_id=subject_id, event=event):
                person = self.person(by)
                who = by if person is None else str(person)
                self.subjects[subject_id] = evolve_subject(self.subject(subject_id), event, by=who)
            case TeamFact(team_id=team_id, event=event):
                self.teams[team_id] = evolve_team(self.team(team_id), event)
            case ReviewFact(review_id=review_id, event=event):
                self.reviews[review_id] = evolve_review(self.review(review_id), event, by=by)
            case _:
                assert_never(fact)

    def subject(self, subject_id: UUID) -> Subject:
        """Return a subject; nobody if there is none."""
        return self.subjects.get(subject_id, NOBODY)

    def team(self, team_id: UUID) -> Team:
        """Return a team; one that was never formed if there is none."""
        return self.teams.get(team_id, NO_TEAM)

    def review(self, review_id: UUID) -> Review:
        """Return an access review; one that was never started if there is none."""
        return self.reviews.get(review_id, NO_REVIEW)

    def acting(self, by: str) -> Subject:
        """Return the subject that an actor is; nobody if the actor is no subject."""
        try:
            return self.subject(UUID(by))
        except ValueError:
            return NOBODY

    def behind(self, subject_id: UUID) -> UUID:
        """Return who answers for a subject: the owner of a service account, else itself."""
        owner = self.subject(subject_id).place.owner
        return subject_id if owner is None else owner

    def person(self, by: str) -> UUID | None:
        """Return the person who answers for an actor; None if the actor is no subject."""
        try:
            return self.behind(UUID(by))
        except ValueError:
            return None

    def is_same_person(self, subject_id: UUID, by: str) -> bool:
        """Say whether one person is behind a subject and an actor, now or before a draft."""
        return any(book.behind(subject_id) == book.person(by) for book in self.moments)

    def owned_by(self, owner: UUID) -> Iterator[UUID]:
        """Yield the service accounts that somebody answers for and that are there."""
        for subject_id, subject in self.subjects.items():
            if subject.kind == "service" and subject.place.owner == owner and subject.is_there:
                yield subject_id

    def members_of(self, team_id: UUID) -> int:
        """Return how many are in a team."""
        return sum(
            subject.is_there and team_id in subject.place.teams
            for subject in self.subjects.values()
        )

    def team_sizes(self) -> Mapping[UUID, int]:
        """Return how many are in each team; a team that nobody is in is left out."""
        there = (subject for subject in self.subjects.values() if subject.is_there)
        return Counter(team_id for subject in there for team_id in subject.place.teams)
