"""A proxy of the environment is used for other machines only, whichever is asked first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cli.addresses import Addresses
from cli.client import Call, DaybookClient

FAR = "http://customers.example.com"
BODY = b'{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}'
ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@asynccontextmanager
async def a_server(asked: list[str]) -> AsyncIterator[str]:
    """Answer as an issuer, a service and a proxy; `asked` is what the first lines ask for."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1].decode())
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


@pytest.mark.parametrize("is_far_first", [True, False])
async def test_only_another_machine_is_asked_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, *, is_far_first: bool
) -> None:
    asked: list[str] = []
    async with a_server(asked) as here:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, here)
        for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DAYBOOK_SERVICE_CUSTOMERS_URL", FAR if is_far_first else here)
        monkeypatch.setenv("DAYBOOK_SERVICE_PERMISSIONS_URL", here if is_far_first else FAR)
        async with DaybookClient("alice", Addresses.usual(issuer=here)) as client:
            await client.send(Call("GET", "/first"))
            client.turn_to("permissions")
            await client.send(Call("GET", "/then"))
    first, then = (f"{FAR}/first", "/then") if is_far_first else ("/first", f"{FAR}/then")
    assert asked == ["/token", first, then]
