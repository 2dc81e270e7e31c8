"""A server that is away is said, with what to do; nothing is lost, and nobody is called erased."""

from collections.abc import AsyncIterator

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
    rename,
)
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Servers

PATH = "/v1/customers"


@pytest.fixture
async def lonely(own_servers: Servers, broker: Broker) -> AsyncIterator[House]:
    """Return a house on servers that nobody else uses."""
    async with a_house(own_servers.databases, broker.settings) as house:
        yield house


async def every_answer(house: House, customer: Json) -> dict[str, httpx.Response]:
    """Ask every route that needs a server, without tokens."""
    alice, path = house.client("alice"), f"{PATH}/{customer['id']}"
    feed = {"topic": house.topic.name, "partition": "0"}
    return {
        "register": await alice.post(PATH, json=ADA),
        "register again": await alice.post(PATH, json=ADA, headers={"Idempotency-Key": "k"}),
        "rename": await alice.post(f"{path}/rename", json={"name": "B"}, headers=if_match(1)),
        "one": await alice.get(path),
        "list": await alice.get(PATH),
        "history": await alice.get(f"{path}/history"),
        "journey": await alice.get(f"{path}/journey"),
        "feed": await house.client("billing").get("/v1/feed", params=feed),
        "digest": await house.client("billing").get("/v1/feed/digest", params=feed),
        "lag": await house.client("oscar").get("/v1/lag"),
        "key": await house.client("billing").get("/v1/subject-keys/x"),
    }


def assert_unavailable(answers: dict[str, httpx.Response], names: set[str]) -> None:
    """Expect that exactly these cannot be answered now, and say when to try again."""
    assert {name for name, answer in answers.items() if answer.status_code >= 500} == names
    for name in names:
        problem = assert_problem(answers[name], 503, "unavailable")
        assert answers[name].headers["Retry-After"] == "1"
        assert "operator" in problem["who_can_help"]


async def works_again(house: House, customer: Json) -> None:
    async def is_well() -> bool:
        answers = await every_answer(house, customer)
        assert 500 not in {answer.status_code for answer in answers.values()}
        return all(answer.status_code < 500 for answer in answers.values())

    await until(is_well, what="that everything is answered again")


async def test_without_the_event_store_nothing_is_answered_that_needs_it(
    lonely: House, own_servers: Servers
) -> None:
    await lonely.start(relay=False, runner=False)
    ada = await register(lonely.client("alice"))
    own_servers.kill("truth")
    answers = await every_answer(lonely, ada)
    assert_unavailable(answers, answers.keys() - {"list", "key"})
    own_servers.start("truth")
    await works_again(lonely, ada)


async def test_without_the_read_models_everything_else_goes_on(
    lonely: House, own_servers: Servers
) -> None:
    await lonely.start()
    alice = lonely.client("alice")
    ada = await register(alice)
    await lonely.caught_up()
    own_servers.kill("views")
    assert_unavailable(await every_answer(lonely, ada), {"list", "journey"})
    own_servers.start("views")
    await works_again(lonely, ada)
    await lonely.caught_up()
    assert "B" in names_of(await alice.get(PATH))


async def test_without_the_keys_nobody_is_called_erased(
    lonely: House, own_servers: Servers
) -> None:
    await lonely.start()
    alice = lonely.client("alice")
    ada = await register(alice)
    await lonely.caught_up()
    own_servers.kill("keys")
    answers = await every_answer(lonely, ada)
    # Registering goes on with the keys that were made ahead.
    assert_unavailable(answers, {"rename", "one", "history", "key"})
    own_servers.start("keys")
    await works_again(lonely, ada)
    assert read(await alice.get(f"{PATH}/{ada['id']}"))["name"] == "B"
    await lonely.caught_up()
    assert await lonely.directory_rows() == await lonely.fold_all()


async def test_a_connection_that_is_cut_is_replaced_and_a_repeated_request_happens_once(
    lonely: House,
) -> None:
    alice = lonely.client("alice")
    ada = await register(alice)
    for version in range(1, 6):
        for kind in ("truth", "views", "keys"):
            await lonely.ask(
                kind,
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'house-api'",
            )
        headers = if_match(version) | {"Idempotency-Key": f"{version}"}
        path = f"{PATH}/{ada['id']}/rename"
        body = {"name": f"Ada {version}"}

        async def is_done() -> bool:
            answer = await alice.post(path, json=body, headers=headers)  # noqa: B023 - used at once
            assert answer.status_code in {200, 503}, answer.text
            return answer.status_code == 200

        await until(is_done)
    assert await lonely.store.version_of(f"customer-{ada['id']}") == 6
    assert read(await alice.get(f"{PATH}/{ada['id']}"))["name"] == "Ada 5"
    await rename(alice, read(await alice.get(f"{PATH}/{ada['id']}")), "Ada")
