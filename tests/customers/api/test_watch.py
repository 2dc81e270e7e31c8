"""GET /v1/watch: a live stream of ids, types and versions."""

import pytest

from tests.customers.api.asking import (
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    register,
    rename,
    row_of,
)
from tests.customers.api.listening import listening, until_the_end
from tests.ground.house import House

PATH = "/v1/watch"


def changed(customer: Json, kind: str) -> Json:
    return {"id": customer["id"], "type": kind, "version": customer["version"]}


class TestWatchCustomers:
    async def test_nobody_watches_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().get(PATH))

    @pytest.mark.parametrize("person", ["dave", "petra", "billing", "customers"])
    async def test_who_may_not_watch_does_not(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).get(PATH))

    @pytest.mark.parametrize(
        "given",
        ["x", "1", "1.2.3", "1." + ".".join(["x"] * 12), ".".join(["9" * 19] * 13),
         "1" + ".²" * 12, ".".join(["-1"] * 13), "." * 12],
    )  # fmt: skip
    async def test_an_id_that_is_none_of_this_stream_is_refused(
        self, house: House, given: str
    ) -> None:
        await house.caught_up()
        headers = {b"Last-Event-ID": given.encode("latin-1")}
        answer = await house.client("alice").get(PATH, headers=headers)
        assert_problem(answer, 422, "invalid-input", field="Last-Event-ID")

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "erin", "oscar"])
    async def test_a_change_is_told_by_id_type_and_version_and_nothing_else(
        self, house: House, person: str
    ) -> None:
        await house.caught_up()
        async with listening(house, person) as listener:
            assert await listener.status() == 200
            assert listener.headers[b"content-type"] == b"text/event-stream; charset=utf-8"
            assert listener.headers[b"cache-control"] == b"no-store"
            # The first message only says where the reader is.
            assert (await listener.next()).event is None  # type: ignore[union-attr]
            ada = await register(house.client("alice"), "Ada", "ada@work.example")
            (message,) = await listener.changes(1)
        assert message.event == "changed"
        assert message.data == changed(ada, "CustomerRegistered")

    async def test_a_change_is_told_only_once_the_list_has_it(self, house: House) -> None:
        await house.caught_up()
        alice = house.client("alice")
        async with listening(house) as listener:
            await listener.next()
            ada = await register(alice, "Visible At Once")
            await listener.changes(1)
            answer = await alice.get("/v1/customers", params={"q": "visible at once"})
        assert answer.json()["items"] == [row_of(ada)]

    async def test_changes_of_one_customer_come_in_order(self, house: House) -> None:
        await house.caught_up()
        alice = house.client("alice")
        async with listening(house) as listener:
            await listener.next()
            ada = await register(alice, "Ada 1")
            for n in range(2, 12):
                ada = await rename(alice, ada, f"Ada {n}")
            messages = await listener.changes(11)
        assert [m.data["version"] for m in messages if m.data] == list(range(1, 12))

    async def test_who_comes_back_with_the_last_id_misses_nothing(self, house: House) -> None:
        await house.caught_up()
        alice = house.client("alice")
        async with listening(house) as listener:
            await listener.next()
            await register(alice, "Ada")
            (last,) = await listener.changes(1)
        missed = [await register(alice, f"Missed {n}") for n in range(20)]
        await house.caught_up()
        async with listening(house, after=last.id) as listener:
            messages = await listener.changes(20)
        assert sorted(m.data["id"] for m in messages if m.data) == sorted(c["id"] for c in missed)

    async def test_who_left_before_the_first_change_misses_nothing_either(
        self, house: House
    ) -> None:
        await house.caught_up()
        async with listening(house) as listener:
            first = await listener.next()
        ada = await register(house.client("alice"), "Ada")
        await house.caught_up()
        async with listening(house, after=first.id if first else None) as listener:
            (message,) = await listener.changes(1)
        assert message.data == changed(ada, "CustomerRegistered")

    async def test_who_comes_without_an_id_is_not_told_old_changes(self, house: House) -> None:
        alice = house.client("alice")
        await register(alice, "Old")
        await house.caught_up()
        async with listening(house) as listener:
            await listener.next()
            new = await register(alice, "New")
            (message,) = await listener.changes(1)
        assert message.data == changed(new, "CustomerRegistered")

    async def test_a_canary_is_no_change_of_a_customer(self, house: House) -> None:
        await house.caught_up()
        async with listening(house) as listener:
            await listener.next()
            await house.canary.send()
            ada = await register(house.client("alice"), "After the canary")
            (message,) = await listener.changes(1)
        assert message.data == changed(ada, "CustomerRegistered")

    async def test_an_id_of_another_life_of_the_store_means_read_the_list(
        self, house: House
    ) -> None:
        await register(house.client("alice"), "Ada")
        await house.caught_up()
        async with listening(house) as listener:
            first = await listener.next()
        assert first is not None
        assert first.id is not None
        assert first.id.startswith("1.")
        async with listening(house, after="2" + first.id.removeprefix("1")) as listener:
            (message,) = await listener.changes(1)
        assert (message.event, message.data) == ("resync", {})
        assert message.id is not None
        assert message.id.startswith("1.")

    async def test_who_missed_too_much_is_sent_to_the_list(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alice = house.client("alice")
        await house.caught_up()
        async with listening(house) as listener:
            first = await listener.next()
        for n in range(4):
            await register(alice, f"Much {n}")
        await house.caught_up()
        monkeypatch.setattr("services.customers.api.watch.MOST_MISSED", 3)
        async with listening(house, after=first.id if first else None) as listener:
            (resync,) = await listener.changes(1)
            ada = await register(alice, "Ada")
            (message,) = await listener.changes(1)
        assert resync.event == "resync"
        assert message.data == changed(ada, "CustomerRegistered")

    async def test_a_watch_ends_with_its_time_and_can_be_taken_up(self, house: House) -> None:
        await house.caught_up()
        async with listening(house) as listener:
            first = await listener.next()
            house.clock.turn(901)
            ada = await register(house.client("alice"), "Told at the end or after")
            rest = await until_the_end(listener)
        last = ([m.id for m in rest] or [first.id if first else None])[-1]
        told = [m.data for m in rest if m.event == "changed"]
        if not told:
            async with listening(house, after=last) as listener:
                told = [m.data for m in await listener.changes(1)]
        assert told == [changed(ada, "CustomerRegistered")]
