"""Requests of one asker are in nobody's way, and none waits for ever."""

from services.permissions.domain.subject.commands import ApproveGrant, RefuseGrant, RequestGrant
from services.permissions.domain.subject.requests import MOST_OPEN
from services.permissions.domain.subject.state import Terms
from shared.authorization.scopes import Clearance, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    LEO,
    a_company,
    a_role,
    give,
    grant_id,
    on,
)

READS = Terms(permission="customer:read", scope=Scope.OWN, clearance=Clearance.INTERNAL)


def test_what_one_asks_for_somebody_stops_nobody_else() -> None:
    story = a_company().asked_by(LEO)
    for number in range(MOST_OPEN):
        story = story.given(on(ADA, RequestGrant(grant_id(100 + number), READS)))
    one_more = on(ADA, RequestGrant(grant_id(5), READS))
    story.when(one_more).then_refused("too-many-requests")
    story.asked_by(BOB).given(one_more)
    story.asked_by(ERIN).given(give(ADA, 6, a_role("reader")))
    story.given(on(ADA, RefuseGrant(grant_id(100))), one_more)


def test_a_request_is_over_when_nobody_decides_and_is_then_forgotten() -> None:
    story = a_company().asked_by(ADA).given(on(ADA, RequestGrant(grant_id(5), READS)))
    approved = on(ADA, ApproveGrant(grant_id(5)))
    story.asked_by(ERIN).later(29 * DAY).given(approved)
    over = story.later(30 * DAY)
    over.asked_by(ERIN).when(approved).then_refused("request-over")
    again = over.given(on(ADA, RequestGrant(grant_id(6), READS)))
    assert list(again.subject(ADA).requests) == [grant_id(6)]
