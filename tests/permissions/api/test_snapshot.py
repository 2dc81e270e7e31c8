"""Whoever decides by all permissions gets them from one address, and goes on alone from there."""

from uuid import UUID

import httpx
import orjson
import pytest

from services.permissions.api import snapshots as routes
from shared.authorization import snapshot_http
from shared.authorization.snapshot import state_hash
from shared.authorization.snapshot_http import HttpSnapshots
from shared.authorization.snapshot_lines import lines_of, snapshot_of
from shared.errors import UnavailableError
from shared.events import EventToAppend
from shared.testing.verifier import token_of
from tests.ground.events import write
from tests.ground.servers import Databases
from tests.permissions.api.desk import Desk, a_desk
from tests.shared.authorization.test_replica import a_story
from tests.shared.others_turns import while_others_go_on


def snapshots(desk: Desk, person: str) -> HttpSnapshots:
    async def token() -> str:
        return token_of(person)

    return HttpSnapshots(desk.client(None), "http://daybook/", token, lambda: None)


async def test_a_service_gets_all_there_is(databases: Databases) -> None:
    story = a_story()
    async with a_desk(databases) as desk:
        empty = await snapshots(desk, "customers").snapshot()
        assert (empty.epoch, empty.world.position) == (1, 0)
        versions: dict[str, int] = {}
        for at, event in enumerate(story.events):
            version = versions.get(event.stream, 0)
            stored = EventToAppend(UUID(int=at), event.type, 1, orjson.dumps(event.data))
            await write(desk.foundation.store, event.stream, version, [stored])
            versions[event.stream] = version + 1
        whole = await snapshots(desk, "customers").snapshot()
        assert state_hash(whole.world) == state_hash(story.world)
        with pytest.raises(UnavailableError) as refused:
            await snapshots(desk, "alice").snapshot()
        assert "403" in refused.value.detail


async def test_others_go_on_while_a_snapshot_is_written_and_read(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room, work in ((routes, lines_of), (snapshot_http, snapshot_of)):
        monkeypatch.setattr(room, work.__name__, while_others_go_on(work))
    async with a_desk(databases) as desk:
        assert (await snapshots(desk, "customers").snapshot()).epoch == 1


@pytest.mark.parametrize("answer", [b"", b"{}", b"{}\n{}", b"<html>"])
async def test_what_is_no_snapshot_is_as_good_as_no_answer(answer: bytes) -> None:
    async def token() -> str:
        return "t"

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(UnavailableError) as refused:
            await HttpSnapshots(http, "http://permissions", token, lambda: None).snapshot()
    assert refused.value.who_can_help == "an operator"


async def test_a_service_that_is_away_is_told_so() -> None:
    async def token() -> str:
        return "t"

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as http:
        with pytest.raises(UnavailableError):
            await HttpSnapshots(http, "http://permissions", token, lambda: None).snapshot()


@pytest.mark.parametrize(("good", "asked"), [("new", 2), ("another", 2)])
async def test_a_token_that_is_refused_is_forgotten_and_asked_for_once_more(
    good: str, asked: int
) -> None:
    tokens, seen = ["old"], list[str]()

    async def token() -> str:
        return tokens[-1]

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        is_good = seen[-1] == f"Bearer {good}"
        return httpx.Response(200, content=b"{}") if is_good else httpx.Response(401)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        source = HttpSnapshots(http, "http://permissions", token, lambda: tokens.append("new"))
        with pytest.raises(UnavailableError) as refused:
            await source.snapshot()
    assert seen == ["Bearer old", "Bearer new"][:asked]
    assert ("401" in refused.value.detail) is (good == "another")
