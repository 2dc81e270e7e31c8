"""What a person reads when a command cannot do what it was asked, and what it does before that."""

import asyncio
from collections.abc import AsyncIterator, Coroutine

import httpx
import pytest
from starlette.responses import HTMLResponse

from cli.addresses import Addresses
from cli.client import Call
from cli.refusals import RefusedError
from shared.errors import InvalidInputError, UnavailableError
from tests.cli.stand_in import StandIn, a_client, customer_id, daybook, lines_of, problem

LAG = Call("GET", "/v1/lag")
WAYS = {"/v1/lag": {"service": "customers"}}


def test_a_refusal_is_one_sentence_then_who_can_help_then_the_fix() -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(
        problem(
            403,
            "not-permitted",
            "Alice may not read this customer.",
            fix="Ask for the right to customers of the north.",
            who_can_help="bob, sales manager",
        )
    )
    result = daybook(stand_in, "customers", "show", customer_id(1))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert lines_of(result.stderr) == [
        "Error: Alice may not read this customer.",
        "Who can help: bob, sales manager",
        "Fix: Ask for the right to customers of the north.",
    ]


def test_a_refusal_names_its_field_unless_the_sentence_does() -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(problem(422, "invalid-input", "That is too long.", field="q"))
    assert "Error: That is too long. (field: q)" in daybook(stand_in, "find", "x").stderr


def test_when_several_fields_are_wrong_each_is_told_with_its_fix() -> None:
    stand_in = StandIn()
    errors = [
        {"field": "name", "problem": "is empty", "fix": "Give it."},
        {"field": "emails[0]", "problem": "is not an e-mail address", "fix": "Write a@b.org."},
    ]
    stand_in.first_answers.append(
        problem(422, "invalid-input", "name is empty (and 1 more, see errors).", errors=errors)
    )
    assert lines_of(daybook(stand_in, "find", "x").stderr) == [
        "Error: name is empty; emails[0] is not an e-mail address. (field: name, emails[0])",
        "Fix: Give it. Write a@b.org.",
    ]


def test_a_refusal_without_a_fix_still_ends_with_one() -> None:
    result = daybook(StandIn(), "customers", "show", customer_id(1))
    assert lines_of(result.stderr)[-1].startswith("Fix: ")
    assert "daybook find" in result.stderr


def test_a_failure_on_our_side_names_the_trace_that_an_operator_needs() -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(problem(500, "internal-error", "It failed.", trace_id="4bf92f"))
    assert "Error: It failed. (trace 4bf92f)" in daybook(stand_in, "find", "x").stderr


def test_when_nobody_answers_the_fix_is_to_start_daybook() -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(httpx.ConnectError("refused"))
    result = daybook(stand_in, "find", "x", "--url", "http://127.0.0.1:8301")
    assert result.exit_code == 1
    assert "Nobody answers at http://127.0.0.1:8301." in result.stderr
    assert "daybook up" in lines_of(result.stderr)[-1]


def test_another_program_on_the_port_is_told_apart_from_daybook() -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(HTMLResponse("<h1>Welcome to nginx, Ada</h1>", 404))
    result = daybook(stand_in, "find", "x")
    assert "does not speak as Daybook" in result.stderr
    assert "Ada" not in result.stderr


def test_an_answer_that_cannot_be_read_is_an_error_that_repeats_none_of_it() -> None:
    stand_in = StandIn(other={"/v1/lag": {"relay": "Ada"}})
    result = daybook(stand_in, "lag")
    assert result.exit_code == 1
    assert "Ada" not in result.stderr


def test_an_address_that_is_none_is_refused_before_anybody_is_asked() -> None:
    stand_in = StandIn()
    result = daybook(stand_in, "find", "x", "--url", "localhost:8101")
    assert "http://127.0.0.1:8101" in lines_of(result.stderr)[-1]
    assert stand_in.tokens_asked == 0


def test_the_port_base_moves_service_and_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAYBOOK_SERVICE_CUSTOMERS_URL", raising=False)
    monkeypatch.setenv("DAYBOOK_PORT_BASE", "8300")
    here = Addresses.usual()
    assert (here.service, here.issuer) == ("http://127.0.0.1:8301", "http://127.0.0.1:8305")
    monkeypatch.setenv("DAYBOOK_PORT_BASE", "many")
    with pytest.raises(InvalidInputError) as told:
        Addresses.usual()
    assert told.value.fix


async def test_a_token_that_ran_out_is_replaced_without_a_word() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    async with a_client(stand_in) as client:
        await client.customer(customer_id(1))
        stand_in.valid_tokens.clear()
        assert (await client.customer(customer_id(1))).name == "Ada"
    assert stand_in.tokens_asked == 2


async def test_a_new_token_that_is_refused_too_is_the_end_of_it() -> None:
    stand_in = StandIn()
    refused = [problem(401, "not-signed-in", "The token does not hold.") for _ in range(2)]
    stand_in.first_answers.extend(refused)
    async with a_client(stand_in) as client:
        with pytest.raises(RefusedError) as told:
            await client.lag()
    assert told.value.http_status == 401
    assert stand_in.tokens_asked == 2


async def test_a_patient_request_waits_as_long_as_the_service_asks_for() -> None:
    stand_in, pauses = StandIn(other=WAYS), list[float]()
    stand_in.first_answers.append(problem(503, "unavailable", "Not now.", retry_after=7))
    async with a_client(stand_in, pauses) as client:
        answer = await client.send_patiently(LAG)
    assert answer.json() == {"service": "customers"}
    assert pauses == [7.0]


async def test_a_patient_request_waits_ever_longer_and_then_gives_up() -> None:
    stand_in, pauses = StandIn(other=WAYS), list[float]()
    stand_in.first_answers.extend(httpx.ConnectError("refused") for _ in range(8))
    async with a_client(stand_in, pauses) as client:
        with pytest.raises(UnavailableError):
            await client.send_patiently(LAG)
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


async def test_every_try_of_a_file_sends_it_from_its_beginning() -> None:
    stand_in, tries = StandIn(other={"/v1/imports": {}}), list[AsyncIterator[bytes]]()
    stand_in.first_answers.append(httpx.ReadError("cut off"))

    async def pieces() -> AsyncIterator[bytes]:
        yield b"kind,name"

    def content() -> AsyncIterator[bytes]:
        tries.append(pieces())
        return tries[-1]

    async with a_client(stand_in) as client:
        await client.send_patiently(Call("POST", "/v1/imports", content=content))
    assert len(tries) == 2


async def test_a_proxy_that_is_away_is_waited_for_like_the_service() -> None:
    stand_in, pauses = StandIn(other=WAYS), list[float]()
    stand_in.first_answers.append(HTMLResponse("<h1>502 Bad Gateway</h1>", 502))
    async with a_client(stand_in, pauses) as client:
        await client.send_patiently(LAG)
    assert pauses == [0.2]


def test_ctrl_c_ends_a_command_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Coroutine[None, None, None]) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    result = daybook(StandIn(), "find", "ada")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "")
