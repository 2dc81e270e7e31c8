"""How one grant was looked at again, told with every event type of a review once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from cli.contracts.stories import BEGINNING
from services.permissions.domain.review.events import (
    Chosen,
    DecisionReason,
    FrozenItem,
    HandedOver,
    ItemApplied,
    ItemDecided,
    ItemDelegated,
    ItemsFrozen,
    ItemsHandedOver,
    Reminded,
    ReviewClosed,
    ReviewersReminded,
    ReviewEvent,
    ReviewHalted,
    ReviewSignedOff,
    ReviewStarted,
    SilenceAnnounced,
    SilenceSettled,
)
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.scopes import Risk, Scope

_BOB = UUID(DEMO_PEOPLE["bob"].subject)
_ERIN = UUID(DEMO_PEOPLE["erin"].subject)
_SOON = BEGINNING + timedelta(days=30)
_LATER = BEGINNING + timedelta(days=60)


def a_review(subject: UUID, grant_id: UUID) -> Sequence[ReviewEvent]:
    """Tell how a grant was looked at; whatever can happen happens."""
    return (*_looked_at(subject, grant_id), *_passed(subject, grant_id))


def _looked_at(subject: UUID, grant_id: UUID) -> Sequence[ReviewEvent]:
    item = FrozenItem(
        number=1, subject=subject, grant_id=grant_id, role="sales_manager", scope=Scope.TEAM,
        reviewer=_BOB, reviewer_is="manager",
    )  # fmt: skip
    why = DecisionReason(reason="Alice is back in May")
    handed = HandedOver(number=1, reviewer=_ERIN, reviewer_is="administrator")
    return (
        ReviewStarted(
            title="Critical roles", chosen=Chosen(risk=Risk.CRITICAL), items=1, begins=BEGINNING,
            due=_SOON, ends=_LATER, silence="revoke", most_percent=10, most_grants=50,
            schedule="critical", period="2026-Q2",
        ),
        ItemsFrozen(items=(item,)),
        ItemDelegated(number=1, subject=subject, to=_ERIN, personal=why),
        ItemDecided(
            number=1, subject=subject, decision="reduce", scope=Scope.OWN, personal=why
        ),
        ItemsHandedOver(because="reviewer_gone", items=(handed,)),
    )  # fmt: skip


def _passed(subject: UUID, grant_id: UUID) -> Sequence[ReviewEvent]:
    return (
        ReviewersReminded(reviewers=(Reminded(reviewer=_ERIN, undecided=1),), part=50),
        SilenceAnnounced(silent=1, most=0, ends=_LATER),
        ReviewHalted(silent=1, most=0),
        SilenceSettled(decision="revoke", numbers=(1,)),
        ReviewSignedOff(keep=0, reduce=1, revoke=0, gone=0),
        ItemApplied(number=1, subject=subject, grant_id=grant_id, outcome="reduced"),
        ReviewClosed(),
    )
