"""What no decent client sends is answered with a refusal or a hang-up, and never with a failure."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from shared.testing.verifier import token_of
from shared.web.app import serve
from shared.web.serving import listen
from tests.customers.api.asking import assert_problem
from tests.ground.house import House

LONGEST_ANSWER_SECONDS = 25.0
BODY = b'{"kind":"person","name":"Ada"}'
ALICE = f"Authorization: Bearer {token_of('alice')}\r\nContent-Type: application/json\r\n".encode()


@pytest_asyncio.fixture(loop_scope="module")
async def port(house: House) -> AsyncIterator[int]:
    """Serve the house on a real port; whatever is sent there changes nothing."""
    listener = listen("127.0.0.1", 0)
    number: int = listener.getsockname()[1]
    stopping = asyncio.Event()
    serving = asyncio.create_task(serve(house.app, listener, stopping=stopping))
    stored = await house.stored()
    try:
        yield number
    finally:
        stopping.set()
        await serving
    assert await house.stored() == stored


async def exchange(port: int, sent: bytes, *, hangs_up: bool = False) -> bytes:
    """Send these bytes and return all that comes back until the server closes the line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        if hangs_up:
            writer.write_eof()
        async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1[.]1 ([0-9]{3}) ", answer)]


def request(line: bytes, headers: bytes = b"", body: bytes = b"") -> bytes:
    return line + b" HTTP/1.1\r\nHost: daybook\r\nConnection: close\r\n" + headers + b"\r\n" + body


REFUSED = {
    "a method of its own": request(b"PHILIPPA /v1/customers"),
    "a proxy's address": request(b"GET http://evil.example/v1/customers"),
    "a star": request(b"OPTIONS *"),
    "a tunnel": request(b"CONNECT evil.example:443"),
    "raw bytes in the path": request(b"GET /v1/customers/\xff\xfe\x00"),
    "an escape that is none": request(b"GET /v1/customers/%zz%"),
    "half a character": request(b"GET /v1/customers?q=%ED%A0%80"),
    "a NUL in a header": request(b"GET /v1/customers", b"X: a\x00b\r\n"),
    "a folded header": request(b"GET /v1/customers", b"X: a\r\n b\r\n"),
    "a header without a name": request(b"GET /v1/customers", b": a\r\n"),
    "a token in raw bytes": request(b"GET /v1/customers", b"Authorization: Bearer \xff\xfe\r\n"),
    "two lengths": request(
        b"POST /v1/customers", ALICE + b"Content-Length: 30\r\nContent-Length: 5\r\n", BODY
    ),
    "a length that is none": request(b"POST /v1/customers", ALICE + b"Content-Length: -5\r\n"),
    "a length and chunks": request(
        b"POST /v1/customers",
        ALICE + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\nGET /v1/lag HTTP/1.1\r\n\r\n",
    ),
    "chunks that are none": request(
        b"POST /v1/customers", ALICE + b"Transfer-Encoding: chunked\r\n", b"zz\r\n"
    ),
    "headers without end": request(b"GET /v1/customers", b"X: " + b"x" * 300_000 + b"\r\n"),
    "HTTP of the nineties": b"GET /v1/customers\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a greeting for TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
}
BROKEN_OFF = {
    "a body": request(b"POST /v1/customers", ALICE + b"Content-Length: 300\r\n", BODY),
    "a chunk": request(b"POST /v1/customers", ALICE + b"Transfer-Encoding: chunked\r\n", b"9\r\n{"),
    "a header": b"GET /v1/customers HTTP/1.1\r\nHost: day",
    "a line": b"GET /v1/cust",
    "nothing at all": b"",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
async def test_what_no_decent_client_sends_is_refused(
    port: int, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await exchange(port, sent)
    assert statuses(answer)
    assert all(400 <= status < 500 for status in statuses(answer)), answer[:500]
    await assert_unharmed(port, caplog)


@pytest.mark.parametrize("sent", BROKEN_OFF.values(), ids=BROKEN_OFF)
async def test_a_request_that_breaks_off_changes_nothing(
    port: int, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await exchange(port, sent, hangs_up=True)
    assert all(400 <= status < 500 for status in statuses(answer)), answer[:500]
    await assert_unharmed(port, caplog)


async def assert_unharmed(port: int, caplog: pytest.LogCaptureFixture) -> None:
    assert [r.message for r in caplog.records if "unexpectedly" in r.message] == []
    assert statuses(await exchange(port, request(b"GET /livez"))) == [200]


async def test_requests_in_a_row_on_one_connection_are_each_answered_for_themselves(
    port: int,
) -> None:
    wrong = b'{"kind":"cat"}'
    line = b"POST /v1/customers HTTP/1.1\r\nHost: daybook\r\nContent-Length: %d\r\n" % len(wrong)
    with_token, without = line + ALICE + b"\r\n" + wrong, line + b"\r\n" + wrong
    answer = await exchange(port, with_token + without + with_token + request(b"GET /v1/customers"))
    assert statuses(answer) == [422, 401, 422, 401]


async def test_a_client_that_sends_ten_megabytes_is_told_that_this_is_too_much(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {token_of('alice')}"
        body = {"kind": "person", "name": "x" * 10_000_000}
        answer = await client.post("/v1/customers", json=body)
        assert_problem(answer, 413, "body-too-large", field="body")
        assert (await client.get("/v1/customers")).status_code == 200
    await assert_unharmed(port, caplog)
