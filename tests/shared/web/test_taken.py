"""How much left with a download is on record, as it leaves and at its end."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.errors import NotPermittedError
from shared.eventstore.record_types import AccessRecorded, DownloadCounted
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.downloads import Download, Piece
from shared.web.recording import Access
from shared.web.routes import Routes
from tests.shared.web.stage import Stage

ALICE = DEMO_PEOPLE["alice"].subject
PATH = "/v1/files/7"
OF_IT = {
    "operation": "get_file", "route": "/v1/files/{file_id}", "permission": "customer:read",
    "target": "7", "is_restricted": True, "kind": "person",
}  # fmt: skip


def a_stage(rest: Callable[[], AsyncIterator[Piece]], access: Access | None) -> Stage:
    """Return a stage with a download of two rows, behind which comes the rest."""
    its = Stage()

    async def pieces() -> AsyncIterator[Piece]:
        yield Piece(b"id\r\n")
        yield Piece(b"1\r\n2\r\n", 2)
        async for piece in rest():
            yield piece

    async def file(_request: Request, _caller: Caller) -> Response:
        """Get a file."""
        return Download(pieces(), "text/csv", {}, lambda: None)

    Routes(its.app, its.guard, its.recorder).add(
        "GET", "/v1/files/{file_id}", "get_file", Permission.CUSTOMERS_READ, file,
        answers={200: Answer("It.", media_type="text/csv")}, access=access,
    )  # fmt: skip
    return its


RESTRICTED = Access(target="file_id", is_restricted=True)


def counted(stage: Stage) -> list[DownloadCounted]:
    return [one for _, one, _, _ in stage.kept_records if isinstance(one, DownloadCounted)]


async def three_more() -> AsyncIterator[Piece]:
    yield Piece(b"3\r\n4\r\n5\r\n", 3)


async def nothing_more() -> AsyncIterator[Piece]:
    yield Piece(b"")
    raise NotPermittedError("not any more")


async def test_the_end_of_a_download_says_how_many_rows_left() -> None:
    stage = a_stage(three_more, RESTRICTED)
    assert (await stage.ask("alice", "GET", PATH)).status_code == 200
    (how, begun, *of), (counted_how, ended, *of_the_end) = stage.kept_records
    assert (how, type(begun), counted_how) == ("kept", AccessRecorded, "noted")
    assert ended == DownloadCounted(**OF_IT, items=5, so_far=5, has_ended=True, is_whole=True)
    assert of == of_the_end == [ALICE, ALICE]


async def test_what_left_before_a_download_was_cut_off_is_on_record_and_it_is_not_whole() -> None:
    stage = a_stage(nothing_more, RESTRICTED)
    with pytest.raises(NotPermittedError):
        await stage.ask("alice", "GET", PATH)
    assert counted(stage) == [DownloadCounted(**OF_IT, items=2, so_far=2, has_ended=True)]


async def test_a_download_is_counted_as_it_goes_once_however_often_it_is_told() -> None:
    is_there, goes_on = asyncio.Event(), asyncio.Event()

    async def later() -> AsyncIterator[Piece]:
        is_there.set()
        await goes_on.wait()
        yield Piece(b"3\r\n", 1)

    stage = a_stage(later, RESTRICTED)
    asking = asyncio.create_task(stage.ask("alice", "GET", PATH))
    await is_there.wait()
    stage.is_store_down = True
    await stage.recorder.close()
    stage.is_store_down = False
    await stage.recorder.close()
    await stage.recorder.close()
    goes_on.set()
    await asking
    said = [(one.items, one.so_far, one.has_ended, one.is_whole) for one in counted(stage)]
    assert said == [(2, 2, False, False), (1, 3, True, True)]
    await stage.recorder.close()
    assert len(counted(stage)) == 2


async def test_an_end_that_the_store_does_not_take_is_told_when_it_does_and_once() -> None:
    is_there, goes_on = asyncio.Event(), asyncio.Event()

    async def later() -> AsyncIterator[Piece]:
        is_there.set()
        await goes_on.wait()
        yield Piece(b"3\r\n", 1)

    stage = a_stage(later, RESTRICTED)
    asking = asyncio.create_task(stage.ask("alice", "GET", PATH))
    await is_there.wait()
    stage.is_store_down = True
    goes_on.set()
    await asking
    await stage.recorder.close()
    assert counted(stage) == []
    stage.is_store_down = False
    await stage.recorder.close()
    await stage.recorder.close()
    whole = DownloadCounted(**OF_IT, items=3, so_far=3, has_ended=True, is_whole=True)
    assert counted(stage) == [whole]


async def test_nothing_is_kept_of_a_download_whose_record_the_store_does_not_take(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)  # A line of the log knows the frames of its error.
    stage = a_stage(three_more, RESTRICTED)
    stage.is_store_down = True
    before = callers()
    for _ in range(3):
        assert (await stage.ask("alice", "GET", PATH)).status_code == 503
    assert callers() == before


def callers() -> int:
    """Return how many callers somebody remembers."""
    gc.collect()
    return sum(type(one) is Caller for one in gc.get_objects())


async def test_what_is_no_access_is_not_counted_either() -> None:
    stage = a_stage(three_more, None)
    assert (await stage.ask("alice", "GET", PATH)).status_code == 200
    assert stage.kept_records == []
