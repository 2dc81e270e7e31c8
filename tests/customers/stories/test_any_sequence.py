"""Whatever is asked in whatever order: read model, fold, every version and every moment agree."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    multiple,
    rule,
    run_state_machine_as_test,
)

from shared.authorization.people import DEMO_PEOPLE
from tests.conftest import SEED
from tests.customers.api.asking import Json, if_match, read, row_of
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Servers, new_databases

PATH = "/v1/customers"
NAMES = st.sampled_from(["Ada", "ada", "Ada King", "李小龙", "👩‍🔬", "O'Brien", "x" * 300])
ADDRESSES = st.sampled_from([f"{who}@work.example" for who in ("ada", "ADA", "bea", "jörg")])
ANY_CHANGE: st.SearchStrategy[tuple[str, Json | None]] = st.sampled_from(
    [
        *[("tags", {"tags": tags}) for tags in (["VIP"], ["vip", "Fair"], ["x" * 60])],
        ("untag", {"tags": ["vip", "none"]}),
        *[("stage", {"stage": stage}) for stage in ("prospect", "active", "dormant", "closed")],
        ("stage", {"stage": "lead", "reason": "It was put off."}),
        ("assign", {"owner": DEMO_PEOPLE["leo"].subject}),
        ("assign", {"owner": None}),
        ("phones", {"number": "+49 30 123456", "type": "work"}),
        ("phones", {"number": "0171 1234567", "country": "DE", "primary": True}),
        ("addresses", {"street": "Am Markt 2\nHof", "city": "Jena", "country": "DE"}),
        ("addresses", {"city": "北京", "country": "CN", "primary": True}),
        ("reclassify", {"kind": "organisation"}),
        ("reclassify", {"kind": "person"}),
        ("archive", {"reason": "Moved."}),
        ("restore", None),
        ("restore", None),
        ("notes", {"text": "Asks to be called.\nAfter four."}),
    ]
)
WRONG: st.SearchStrategy[Json] = st.sampled_from([{}, {"name": ""}, {"name": 7}, {"nome": "Ada"}])
OFF_BY = st.sampled_from([-1, 1, 7])

T = TypeVar("T")


@dataclass(slots=True)
class Known:
    """One customer as this test understands it: one body per version."""

    versions: list[Json] = field(default_factory=list)

    @property
    def now(self) -> Json:
        return self.versions[-1]

    @property
    def path(self) -> str:
        return f"{PATH}/{self.now['id']}"

    @property
    def addresses(self) -> set[str]:
        return {email["address"].casefold() for email in self.now["emails"]}


class AnySequence(RuleBasedStateMachine):
    """People who register, change anything, are too late, or do not know how to ask."""

    house: ClassVar[House]
    runner: ClassVar[asyncio.Runner]
    customers: Bundle[Known] = Bundle("customers")

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Known] = []
        self.alice = self.house.client("alice")

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        self.house.clock.turn(1)  # So that every version has a moment of its own.
        return self.runner.run(work)

    @rule(target=customers, name=NAMES, addresses=st.lists(ADDRESSES, max_size=3))
    def register(self, name: str, addresses: list[str]) -> Any:  # noqa: ANN401 - Hypothesis's own
        body = {"kind": "person", "name": name, "emails": addresses}
        answer = self.do(self.alice.post(PATH, json=body))
        if len({address.casefold() for address in addresses}) < len(addresses):
            assert answer.status_code == 409
            return multiple()
        customer = read(answer)
        assert (customer["name"], customer["version"]) == (name, 1)
        assert [email["address"] for email in customer["emails"]] == addresses
        self.known.append(Known([customer]))
        return self.known[-1]

    @rule(customer=customers, name=NAMES)
    def rename(self, customer: Known, name: str) -> None:
        answer = self.ask_rename(customer, name, customer.now["version"])
        if customer.now["archived"]:
            assert answer.status_code == 409
            return
        self.accept(customer, answer, customer.now | {"name": name})

    @rule(customer=customers, address=ADDRESSES)
    def add(self, customer: Known, address: str) -> None:
        answer = self.do(
            self.alice.post(
                f"{customer.path}/emails",
                json={"address": address},
                headers=if_match(customer.now["version"]),
            )
        )
        if customer.now["archived"] or address.casefold() in customer.addresses:
            assert answer.status_code == 409
            return
        changed = read(answer)
        assert changed["emails"][-1]["address"] == address
        emails = [*customer.now["emails"], changed["emails"][-1]]
        self.accept(customer, answer, customer.now | {"emails": emails})

    @rule(customer=customers, which=st.integers(0, 4))
    def remove(self, customer: Known, which: int) -> None:
        emails = customer.now["emails"]
        email_id = emails[which]["id"] if which < len(emails) else customer.now["id"]
        path = f"{customer.path}/emails/{email_id}"
        answer = self.do(self.alice.delete(path, headers=if_match(customer.now["version"])))
        if customer.now["archived"]:
            assert answer.status_code == 409
            return
        if which >= len(emails):
            assert answer.status_code == 404
            return
        left = [email for email in emails if email["id"] != email_id]
        self.accept(customer, answer, customer.now | {"emails": left})

    @rule(customer=customers, name=NAMES, off_by=OFF_BY)
    def rename_too_late(self, customer: Known, name: str, off_by: int) -> None:
        version = customer.now["version"] + off_by
        answer = self.ask_rename(customer, name, version)
        assert answer.status_code == (412 if version > 0 else 422)

    @rule(customer=customers, body=WRONG)
    def ask_wrongly(self, customer: Known, body: Json) -> None:
        headers = if_match(customer.now["version"])
        answer = self.do(self.alice.post(f"{customer.path}/rename", json=body, headers=headers))
        assert answer.status_code == 422

    @rule(customer=customers, asked=ANY_CHANGE)
    def change(self, customer: Known, asked: tuple[str, Json | None]) -> None:
        """Ask for one of the other changes; what is answered is what every view must show."""
        path, body = asked
        headers = if_match(customer.now["version"])
        answer = self.do(self.alice.post(f"{customer.path}/{path}", json=body, headers=headers))
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 200 and read(answer)["version"] > customer.now["version"]:
            self.take(customer, answer, read(answer))

    @rule(customer=customers, kind=st.sampled_from(["phones", "addresses"]), last=st.booleans())
    def drop(self, customer: Known, kind: str, last: bool) -> None:
        points = customer.now[kind]
        if not points or customer.now["archived"]:
            return
        path = f"{customer.path}/{kind}/{points[-1 if last else 0]['id']}"
        answer = self.do(self.alice.delete(path, headers=if_match(customer.now["version"])))
        self.take(customer, answer, read(answer))
        assert len(customer.now[kind]) == len(points) - 1

    @rule(customer=customers, names=st.lists(NAMES, min_size=2, max_size=3, unique=True))
    def rename_at_once(self, customer: Known, names: list[str]) -> None:
        before = customer.now
        if before["archived"]:
            return

        async def race() -> list[httpx.Response]:
            return await asyncio.gather(
                *(
                    self.alice.post(
                        f"{customer.path}/rename",
                        json={"name": name},
                        headers=if_match(before["version"]),
                    )
                    for name in names
                )
            )

        answers = self.do(race())
        won = [a for a in answers if a.is_success and read(a)["version"] > before["version"]]
        assert {a.status_code for a in answers} <= {200, 412}
        assert len(won) == 1
        assert read(won[0])["name"] in names
        self.accept(customer, won[0], before | {"name": read(won[0])["name"]})

    def ask_rename(self, customer: Known, name: str, version: int) -> httpx.Response:
        path = f"{customer.path}/rename"
        return self.do(self.alice.post(path, json={"name": name}, headers=if_match(version)))

    def accept(self, customer: Known, answer: httpx.Response, expected: Json) -> None:
        """Take in a change that was accepted, and see it in the list that has its token."""
        if expected == customer.now:
            assert read(answer) == customer.now
            return
        ids = [email["id"] for email in expected["emails"]]
        if expected["primary_email"] not in ids:
            expected = expected | {"primary_email": ids[0] if ids else None}
        self.take(customer, answer, expected | {"version": customer.now["version"] + 1})

    def take(self, customer: Known, answer: httpx.Response, expected: Json) -> None:
        """Take in the next version, and see it in the list that has its token."""
        assert read(answer) == expected
        assert expected["version"] == customer.now["version"] + 1
        customer.versions.append(expected)
        self.do(self.see(answer.headers["Daybook-Token"], expected))

    async def see(self, token: str, expected: Json) -> None:
        headers = {"Daybook-Token": token, "Prefer": "wait=20"}
        query: dict[str, str] = {"q": expected["name"][:200], "page_size": "200"}
        query["archived"] = str(expected["archived"]).lower()
        while True:
            answer = await self.alice.get(PATH, params=query, headers=headers)
            page = read(answer)
            found = [item for item in page["items"] if item["id"] == expected["id"]]
            if found or page["next_page_token"] is None:
                break
            query["page_token"] = page["next_page_token"]
        assert found == [row_of(expected)]

    def teardown(self) -> None:
        """Compare everything with everything, at every version and every moment."""
        self.runner.run(self.compare())

    async def compare(self) -> None:
        await self.house.caught_up()
        mine = {customer.now["id"] for customer in self.known}
        rows = [row for row in await self.house.directory_rows() if str(row.id) in mine]
        assert rows == [row for row in await self.house.fold_all() if str(row.id) in mine]
        assert len(rows) == len(self.known)
        for customer in self.known:
            await self.compare_versions(customer)

    async def compare_versions(self, customer: Known) -> None:
        steps = await self.house.reader.history(customer.now["id"])
        assert len(steps) == len(customer.versions)
        assert read(await self.alice.get(customer.path)) == customer.now
        for step, expected in zip(steps, customer.versions, strict=True):
            moment = step.recorded.recorded_at.isoformat()
            by_version = await self.alice.get(
                customer.path, params={"version": step.recorded.version}
            )
            by_moment = await self.alice.get(customer.path, params={"as_of": moment})
            assert read(by_version) == read(by_moment) == expected


@pytest.fixture
def street(servers: Servers, broker: Broker) -> Iterator[None]:
    """Let a house run in a loop of its own, which goes on while something is asked."""

    async def open_house(stack: AsyncExitStack) -> House:
        databases = await stack.enter_async_context(new_databases(servers))
        house = await stack.enter_async_context(a_house(databases, broker.settings))
        await house.start()
        return house

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            AnySequence.runner = runner
            AnySequence.house = runner.run(open_house(stack))
            yield
        finally:
            runner.run(stack.aclose())


@pytest.mark.usefixtures("street")
def test_any_sequence_of_commands_leaves_every_view_in_agreement() -> None:
    print(f"DAYBOOK_TEST_SEED={SEED}")  # noqa: T201 - pytest shows it when the test fails
    chosen = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        database=None,
        # A sequence that fails is told as it is: making it shorter takes longer than reading it.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEED)(AnySequence), settings=chosen)
