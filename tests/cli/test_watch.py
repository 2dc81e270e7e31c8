"""Watching changes: each one once, also when the connection is lost in between."""

from collections.abc import AsyncIterator

import httpx
import pytest

from cli.answers import Changed
from cli.commands.watch import Message, changes, read_messages
from cli.refusals import NotUnderstoodError, RefusedError
from shared.errors import UnavailableError
from tests.cli.stand_in import (
    StandIn,
    a_client,
    change_message,
    customer_id,
    daybook,
    lines_of,
    problem,
)


async def spoken(text: str) -> AsyncIterator[str]:
    """Yield the lines as a connection would."""
    for line in text.splitlines():
        yield line


async def watched(
    stand_in: StandIn, notes: list[str], pauses: list[float] | None = None
) -> list[Changed]:
    """Watch until the stand-in refuses for good."""
    seen: list[Changed] = []

    async def watch_to_the_end() -> None:
        async with a_client(stand_in, pauses) as client:
            async for change in changes(client, note=notes.append):
                seen.append(change)  # noqa: PERF401  a comprehension would lose what came before

    with pytest.raises(RefusedError, match="The stream is over"):
        await watch_to_the_end()
    return seen


def resumed_from(stand_in: StandIn) -> list[str | None]:
    """Return where each connection asked to go on."""
    return [request.headers.get("Last-Event-ID") for request in stand_in.asked]


def test_a_change_is_one_line_with_the_name_it_had_then() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    stand_in.streams.append(change_message(1, "CustomerRegistered", 1, message_id="7"))
    result = daybook(stand_in, "watch", "customers", "--stop-after", "1")
    assert result.exit_code == 0
    _, shown_id, version, event, name = result.stdout.split()
    assert (shown_id, version, event) == (customer_id(1), "v1", "CustomerRegistered")
    assert name == "Ada"


def test_a_person_who_may_not_read_the_name_still_sees_that_something_changed() -> None:
    stand_in = StandIn()
    stand_in.streams.append(change_message(9, "CustomerRenamed", 2, message_id="7"))
    result = daybook(stand_in, "watch", "customers", "--stop-after", "1", "--as", "dave")
    assert result.stdout.rstrip().endswith("v2   CustomerRenamed        (no name for dave)")


def test_a_name_that_cannot_be_read_now_does_not_end_the_watch() -> None:
    stand_in = StandIn()
    stand_in.streams.append(change_message(1, "CustomerRenamed", 2, message_id="7"))
    stand_in.first_reads.append(httpx.ReadError("cut off"))
    result = daybook(stand_in, "watch", "customers", "--stop-after", "1")
    assert result.exit_code == 0
    assert "(name not to be had now)" in result.stdout


def test_as_json_a_change_is_what_the_service_said_and_no_name_is_read() -> None:
    stand_in = StandIn()
    stand_in.streams.append(change_message(1, "CustomerRenamed", 2, message_id="7"))
    result = daybook(stand_in, "watch", "customers", "--stop-after", "1", "--json")
    (line,) = lines_of(result.stdout)
    assert Changed.model_validate_json(line) == Changed(
        id=customer_id(1), type="CustomerRenamed", version=2
    )
    assert [request.url.path for request in stand_in.asked] == ["/v1/watch"]


async def test_a_lost_connection_goes_on_where_it_broke_off_and_says_so() -> None:
    stand_in, notes = StandIn(), list[str]()
    stand_in.streams.append(change_message(1, "CustomerRegistered", 1, message_id="7"))
    stand_in.streams.append(change_message(2, "CustomerRegistered", 1, message_id="8"))
    seen = await watched(stand_in, notes)
    assert [change.id for change in seen] == [customer_id(1), customer_id(2)]
    assert resumed_from(stand_in) == [None, "7", "8"]
    ended = "The service ended the connection. Trying again in 0.2 s; nothing is missed."
    assert notes == ["Watching; Ctrl-C ends it.", ended, "Connected again.", ended]


async def test_the_place_to_go_on_is_known_before_anything_changed() -> None:
    stand_in = StandIn()
    stand_in.streams.append("id: 6\n\n")
    assert await watched(stand_in, []) == []
    assert resumed_from(stand_in) == [None, "6"]


async def test_who_missed_too_much_is_told_so() -> None:
    stand_in, notes = StandIn(), list[str]()
    stand_in.streams.append("id: 6\nevent: resync\ndata: {}\n\n")
    assert await watched(stand_in, notes) == []
    assert "Too much was missed" in notes[1]


async def test_without_a_place_to_go_on_nothing_is_promised() -> None:
    stand_in, notes = StandIn(), list[str]()
    stand_in.streams.append(": still here\n\n")
    await watched(stand_in, notes)
    assert notes[1].endswith("what changes until then is not shown.")


async def test_while_the_service_is_away_the_pauses_grow_or_are_what_it_asks_for() -> None:
    stand_in, notes, pauses = StandIn(), list[str](), list[float]()
    stand_in.streams.extend(["id: 6\n\n", httpx.ConnectError("refused")])
    stand_in.streams.append(problem(503, "unavailable", "Not now.", retry_after=3))
    await watched(stand_in, notes, pauses)
    assert pauses == [0.2, 0.4, 3.0]
    assert notes[2:] == [
        "Nobody answers at http://daybook.test:8101. Trying again in 0.4 s; nothing is missed.",
        "Not now. Trying again in 3 s; nothing is missed.",
    ]


async def test_when_nobody_answers_from_the_start_the_watch_says_so_and_ends() -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(httpx.ConnectError("refused"))
    async with a_client(stand_in) as client:
        with pytest.raises(UnavailableError) as told:
            await anext(changes(client, note=lambda _: None))
    assert told.value.fix


async def test_a_change_that_cannot_be_read_ends_the_watch_with_a_fix() -> None:
    stand_in = StandIn()
    stand_in.streams.append("event: changed\ndata: {}\n\n")
    async with a_client(stand_in) as client:
        with pytest.raises(NotUnderstoodError, match="cannot read") as told:
            await anext(changes(client, note=lambda _: None))
    assert told.value.fix


async def test_messages_are_read_as_the_standard_says() -> None:
    text = (
        ": comment\n\nid: 1\nevent: changed\ndata: a\ndata:b\n\ndata: c\nretry: 5\n\ndata: cut off"
    )
    messages = [message async for message in read_messages(spoken(text))]
    assert messages[1:] == [Message("1", "changed", "a\nb"), Message("1", "message", "c")]
