"""An app is served inside the process's own loop, and stops when the process says so."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from unittest.mock import Mock

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from uvicorn.server import ServerState

from shared.authorization.permissions import Permission
from shared.errors import NotPermittedError, UnavailableError
from shared.web import downloads, streams
from shared.web.answers import Answer
from shared.web.app import serve
from shared.web.callers import Caller
from shared.web.downloads import Download, Piece
from shared.web.routes import Routes, UnguardedRouteError
from shared.web.serving import OneConnection, listen
from shared.web.streams import EventStream, server_event
from tests.shared.web.stage import Stage

DEADLINE = 25


class Served:
    """The stage on a port of its own, with a stream of events and a request that never ends."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.stopping = asyncio.Event()
        self.events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.arrived = asyncio.Event()
        routes = Routes(stage.app, stage.guard, stage.recorder)
        watch, stuck = Permission.CUSTOMERS_WATCH, Permission.CUSTOMERS_READ
        answers = {200: Answer("Events.", media_type="text/event-stream")}
        routes.add("GET", "/v1/watch", "watch", watch, self._watch, answers=answers)
        routes.add("GET", "/v1/cut", "cut", watch, self._cut, answers=answers)
        routes.add("GET", "/v1/endless", "endless", watch, self._endless, answers=answers)
        routes.add("GET", "/v1/stuck", "stuck", stuck, self._stuck, answers=answers)

    async def __aenter__(self) -> httpx.AsyncClient:
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        self.server = asyncio.create_task(serve(self.stage.app, listener, stopping=self.stopping))
        headers = self.stage.signed_in("alice")
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60
        )
        return self.client

    async def __aexit__(self, *_: object) -> None:
        self.stopping.set()
        await self.client.aclose()
        async with asyncio.timeout(DEADLINE):
            await self.server

    async def _watch(self, _request: Request, _caller: Caller) -> Response:
        return EventStream(self._all_events(), stopping=self.stopping, look=lambda: None)

    async def _all_events(self) -> AsyncGenerator[bytes, None]:
        try:
            while (event := await self.events.get()) is not None:
                yield event
        finally:
            self.ended.set()

    async def _cut(self, _request: Request, _caller: Caller) -> Response:
        return Download(self._until_refused(), "text/csv", {}, lambda: None)

    async def _endless(self, _request: Request, _caller: Caller) -> Response:
        async def pieces() -> AsyncIterator[Piece]:
            while True:
                yield Piece(b"x" * 65_536)

        return Download(pieces(), "text/csv", {}, self._refuse)

    def _refuse(self) -> None:
        raise NotPermittedError("You may not export any more.", fix="Ask for it.")

    async def _until_refused(self) -> AsyncGenerator[Piece, None]:
        yield Piece(b"id\r\n")
        self._refuse()

    async def _stuck(self, _request: Request, _caller: Caller) -> Response:
        self.arrived.set()
        await asyncio.Event().wait()
        return PlainTextResponse("never")


@pytest.fixture
def served(stage: Stage) -> Served:
    return Served(stage)


async def test_an_app_is_served_without_touching_the_processs_signals(served: Served) -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with served as client:
        answer = await client.get("/v1/customers")
        assert answer.status_code == 200
        assert "server" not in answer.headers
        assert signal.getsignal(signal.SIGTERM) is before


async def test_events_arrive_as_they_happen(served: Served) -> None:
    async with served as client, client.stream("GET", "/v1/watch") as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        lines = answer.aiter_lines()
        served.events.put_nowait(server_event(b"{}", event="CustomerRenamed", event_id="7"))
        served.events.put_nowait(server_event(b'{"a":1}'))
        seen = [await anext(lines) for _ in range(6)]
        assert seen == ["event: CustomerRenamed", "id: 7", "data: {}", "", 'data: {"a":1}', ""]
        served.events.put_nowait(None)
        assert [line async for line in lines] == []


async def test_a_stream_with_nothing_to_say_shows_that_it_is_there(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.01)
    async with served as client, client.stream("GET", "/v1/watch") as answer:
        assert await anext(answer.aiter_lines()) == ": still here"


async def test_a_download_that_is_cut_off_never_looks_whole_and_is_no_failure_of_ours(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with served as client:
        async with client.stream("GET", "/v1/cut") as answer:
            lines = answer.aiter_lines()
            assert await anext(lines) == "id"
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
                await anext(lines)
        assert (await client.get("/v1/customers")).status_code == 200
    (told,) = [one for one in caplog.records if one.message == "a download was cut off"]
    assert told.levelno == logging.INFO
    assert not [one for one in caplog.records if one.levelno > logging.INFO]


async def test_whoever_takes_nothing_does_not_keep_the_connection_of_what_was_cut_off(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "LOOK_SECONDS", 0.01)
    lost = asyncio.Event()
    monkeypatch.setattr(OneConnection, "connection_lost", lambda *_: lost.set())
    async with served as client:
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as reader:
            signed_in = served.stage.signed_in("alice")["Authorization"]
            asked = f"GET /v1/endless HTTP/1.1\r\nHost: it\r\nAuthorization: {signed_in}\r\n\r\n"
            reader.sendall(asked.encode())
            async with asyncio.timeout(DEADLINE):
                await lost.wait()


async def test_what_the_socket_does_not_take_does_not_pile_up_in_the_process() -> None:
    transport = Mock(spec=asyncio.Transport)
    transport.get_extra_info.return_value = None
    config = uvicorn.Config(PlainTextResponse("here"))
    config.load()
    OneConnection(config, ServerState(), {}).connection_made(transport)
    transport.set_write_buffer_limits.assert_called_once_with(0)


async def test_a_stream_ends_when_its_reader_goes(served: Served) -> None:
    async with served as client:
        async with client.stream("GET", "/v1/watch"):
            served.events.put_nowait(server_event(b"{}"))
        async with asyncio.timeout(DEADLINE):
            await served.ended.wait()


async def test_a_process_that_stops_ends_its_streams_at_once(served: Served) -> None:
    async with served as client, client.stream("GET", "/v1/watch") as answer:
        served.stopping.set()
        assert [line async for line in answer.aiter_lines()] == []
        async with asyncio.timeout(DEADLINE):
            await served.ended.wait()


async def test_a_process_that_stops_waits_for_nobody_longer_than_a_moment(served: Served) -> None:
    async with served as client:
        stuck = asyncio.create_task(client.get("/v1/stuck"))
        await served.arrived.wait()
        served.stopping.set()
        async with asyncio.timeout(DEADLINE):
            await served.server
        stuck.cancel()


async def test_a_port_in_use_is_said_with_its_fix() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError) as refused:
            listen("127.0.0.1", port)
    assert f"Port {port}" in refused.value.detail
    assert refused.value.fix is not None
    assert "DAYBOOK_PORT_BASE" in refused.value.fix


async def test_an_app_with_an_unguarded_route_is_not_served(served: Served) -> None:
    served.stage.app.mount("/everything", PlainTextResponse("here"))
    with listen("127.0.0.1", 0) as listener, pytest.raises(UnguardedRouteError):
        await serve(served.stage.app, listener, stopping=served.stopping)
