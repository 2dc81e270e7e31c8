"""A read that brings the token of a change is never older than the change."""

import asyncio

import httpx
import pytest

from shared.testing.waiting import until
from tests.customers.api.asking import (
    ADA,
    Json,
    assert_problem,
    if_match,
    names_of,
    read,
    register,
    row_of,
)
from tests.ground.house import House

PATH = "/v1/customers"
HUGE = 2**62
# Whoever is not answered by what came true is answered after 30 s at most.
BEFORE_THE_LONGEST_WAIT_ENDS = 25


async def written(house: House, name: str = "Ada Lovelace") -> tuple[Json, str]:
    """Register somebody; return them and the token of it."""
    answer = await house.client("alice").post(PATH, json=ADA | {"name": name})
    return read(answer), answer.headers["Daybook-Token"]


async def listed(house: House, token: str | list[str], wait: str | None = None) -> httpx.Response:
    """List customers with these tokens, each a header of its own."""
    tokens = [token] if isinstance(token, str) else token
    headers = [("Daybook-Token", one) for one in tokens]
    if wait is not None:
        headers.append(("Prefer", f"wait={wait}"))
    return await house.client("alice").get(PATH, headers=headers)


async def begin_epoch(house: House, epoch: int) -> None:
    """Let the directory follow another life of the store."""
    await house.ask("views", "update projection_marks set epoch = $1", epoch)
    await house.ask("views", "select pg_notify('daybook_marks', 'directory')")


class TestWhileTheDirectoryFollows:
    async def test_what_was_just_written_is_listed(self, house: House) -> None:
        await house.start()
        for n in range(20):
            ada, token = await written(house, f"Ada {n}")
            items = read(await listed(house, token, "10"))["items"]
            assert row_of(ada) in items

    async def test_a_change_of_somebody_else_is_seen_with_their_token(self, house: House) -> None:
        await house.start()
        alice, bob = house.client("alice"), house.client("bob")
        ada = await register(alice)
        changed = await bob.post(
            f"{PATH}/{ada['id']}/rename", json={"name": "Ada King"}, headers=if_match(1)
        )
        answer = await listed(house, changed.headers["Daybook-Token"], "10")
        assert names_of(answer) == ["Ada King"]

    async def test_several_tokens_are_waited_for_together(self, house: House) -> None:
        await house.start()
        tokens = [(await written(house, f"Ada {n}"))[1] for n in range(12)]
        joined = await listed(house, ", ".join(tokens), "10")
        apart = await listed(house, tokens, "10")
        for answer in (joined, apart):
            assert sorted(names_of(answer)) == sorted(f"Ada {n}" for n in range(12))  # type: ignore[type-var]

    async def test_a_read_waits_and_is_woken_by_what_it_waits_for(self, house: House) -> None:
        await house.start(runner=False)
        ada, token = await written(house)
        reading = asyncio.create_task(listed(house, token, "30"))
        house.run(house.runner)
        assert read(await reading)["items"] == [row_of(ada)]

    async def test_the_token_of_another_service_is_not_waited_for(self, house: House) -> None:
        await house.start()
        _, token = await written(house)
        other = f"permissions:7:0:{HUGE}:{HUGE}"
        answer = await listed(house, f"{other},{token}", "10")
        assert answer.status_code == 200


class TestWhileTheDirectoryStands:
    @pytest.mark.parametrize("wait", ["0", "0.2"])
    async def test_a_read_is_refused_within_the_time_it_may_wait(
        self, house: House, wait: str
    ) -> None:
        await house.start(runner=False)
        _, token = await written(house)
        async with asyncio.timeout(BEFORE_THE_LONGEST_WAIT_ENDS):
            answer = await listed(house, token, wait)
        problem = assert_problem(answer, 503, "not-yet")
        assert answer.headers["Retry-After"] == "1"
        assert "operator" in problem["who_can_help"]

    async def test_without_a_preference_it_waits_a_second(self, house: House) -> None:
        await house.start(runner=False)
        _, token = await written(house)
        began = asyncio.get_running_loop().time()
        answer = await listed(house, token)
        assert answer.status_code == 503
        assert asyncio.get_running_loop().time() - began >= 1

    async def test_without_a_token_it_is_answered_with_what_is_there(self, house: House) -> None:
        await house.start(runner=False)
        await written(house)
        answer = await house.client("alice").get(PATH)
        assert read(answer)["items"] == []

    async def test_one_customer_is_read_from_its_own_events_and_never_late(
        self, house: House
    ) -> None:
        await house.start(runner=False)
        ada, token = await written(house)
        headers = {"Daybook-Token": token, "Prefer": "wait=0"}
        alice = house.client("alice")
        assert read(await alice.get(f"{PATH}/{ada['id']}", headers=headers)) == ada
        history = await alice.get(f"{PATH}/{ada['id']}/history", headers=headers)
        assert len(read(history)["items"]) == 1

    @pytest.mark.parametrize("part", [f"customers:1:3:{HUGE}:1", "customers:1:12:1:1",
                                      "customers:2:3:1:1", f"customers:1:{HUGE}:1:1"])  # fmt: skip
    async def test_what_never_comes_is_not_waited_for_longer_than_asked(
        self, house: House, part: str
    ) -> None:
        await house.start()
        await written(house)
        await house.caught_up()
        async with asyncio.timeout(BEFORE_THE_LONGEST_WAIT_ENDS):
            assert_problem(await listed(house, part, "0.1"), 503, "not-yet")


class TestAfterARestore:
    @pytest.mark.parametrize("path", ["", "/{id}", "/{id}/history"])
    async def test_a_token_of_an_earlier_life_of_the_store_is_refused_at_once(
        self, house: House, path: str
    ) -> None:
        await house.start()
        ada, token = await written(house)
        await house.caught_up()
        await begin_epoch(house, 2)
        address = PATH + path.format(id=ada["id"])
        alice = house.client("alice")
        await until(lambda: house.watcher.epoch == 2, what="that the api knows of the new life")
        answer = await alice.get(address, headers={"Daybook-Token": token})
        assert_problem(answer, 409, "token-of-earlier-epoch", field="Daybook-Token")
        assert (await alice.get(address)).status_code == 200

    async def test_who_waits_with_such_a_token_is_told_as_soon_as_it_is_known(
        self, house: House
    ) -> None:
        await house.start(runner=False)
        _, token = await written(house)
        await house.ask(
            "views",
            "insert into projection_marks (projection, version, source, topic, partition)"
            " select $1, 1, $2, $3, p from generate_series(0, 11) as p",
            house.followed.projection, house.followed.source, house.followed.topic,
        )  # fmt: skip
        reading = asyncio.create_task(listed(house, token, "30"))
        await begin_epoch(house, 2)
        async with asyncio.timeout(BEFORE_THE_LONGEST_WAIT_ENDS):
            answer = await reading
        assert_problem(answer, 409, "token-of-earlier-epoch", field="Daybook-Token")
