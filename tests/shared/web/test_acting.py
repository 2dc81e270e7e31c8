"""Whoever acts as somebody else is known by both ids, in logs, records and origins."""

import json

import pytest

from cli.local.paths import PROJECT
from shared.authorization.permissions import Permission
from shared.authorization.questions import Circumstances
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Rights
from shared.eventstore.origins import acted_as, in_whose_name, origin_of
from shared.eventstore.record_types import ErrorRecorded
from shared.observability.acting import (
    ActingAs,
    act_as,
    current_acting,
    enter_own_name,
    leave_acting,
)
from tests.ground.hearing import hearing
from tests.ground.rights import FixedWorld
from tests.shared.authorization.story import ANA, BEN, NOON, SECOND, Story, a_story, may_act
from tests.shared.web.stage import Stage

READ = Permission.CUSTOMERS_READ
DOCUMENTS = PROJECT / "docs" / "contracts"


def acting() -> Story:
    """Ana acts as Ben for a second from noon on; Ben reads customers."""
    story = a_story().role("reader", customer_read="own/internal").give(BEN, "reader")
    return may_act(story, ANA).acts(ANA, BEN, NOON + SECOND)


@pytest.fixture
def stage() -> Stage:
    its = Stage()
    story = acting()
    until = its.clock.now() + 3600 * SECOND
    story.acts(ANA, BEN, until)
    its.guard.decisions = FixedWorld(story.world, its.clock)
    return its


async def listed(stage: Stage, **headers: str) -> int:
    token = {"Authorization": f"Bearer {stage.issuer.token(sub=ANA)}"}
    async with stage.client() as client:
        answer = await client.get("/v1/customers", headers=token | headers)
        return answer.status_code


AS_BEN = {"Daybook-Acting-As": "acting-4"}


async def test_each_line_of_the_log_has_both_and_the_next_requests_have_not(stage: Stage) -> None:
    with hearing() as heard:
        stage.failure = RuntimeError("unexpected")
        assert await listed(stage, **AS_BEN) == 500
        assert current_acting() is None
        assert await listed(stage) in {403, 500}
    with_both = [one for one in heard.lines if one.get("acting_as") == BEN]
    assert with_both
    assert {one["actor"] for one in with_both} == {ANA}


async def test_an_error_is_on_record_with_both(stage: Stage) -> None:
    stage.failure = RuntimeError("unexpected")
    await listed(stage, **AS_BEN)
    [(record, actor)] = [
        (record, actor)
        for _, record, _, actor in stage.kept_records
        if isinstance(record, ErrorRecorded)
    ]
    assert (record.acting_as, actor) == (BEN, ANA)


def test_the_document_names_the_header_where_it_may_be_sent() -> None:
    paths = json.loads((DOCUMENTS / "permissions" / "openapi.json").read_text())["paths"]
    with_it = {
        method
        for method, route in paths["/v1/grants"].items()
        if any(one["name"] == "Daybook-Acting-As" for one in route.get("parameters", ()))
    }
    assert with_it == {"get"}
    assert "post" in paths["/v1/grants"]


def test_the_origin_names_who_did_it_and_in_whose_name() -> None:
    entered = enter_own_name()
    assert (origin_of(BEN).actor, acted_as(origin_of(BEN))) == (BEN, None)
    act_as(ActingAs(ANA, BEN))
    its = origin_of(BEN)
    leave_acting(entered)
    assert (its.actor, acted_as(its), in_whose_name(its)) == (ANA, BEN, BEN)
    assert in_whose_name(origin_of(ANA)) == ANA


def test_rights_that_are_kept_hold_on_no_longer_than_the_acting() -> None:
    world = acting().world
    basis = Basis(world, 1, moment(NOON), 0.0)
    rights = Rights(basis, BEN, Circumstances(actor=ANA))
    later = Basis(world, 1, moment(NOON + SECOND), 0.0)
    assert rights.hold_on(basis)
    assert not rights.hold_on(later)
    assert Rights(basis, BEN).hold_on(later)
