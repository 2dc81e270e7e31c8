"""An order is done once it is placed, by one doer at a time, and again where its doer died."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest

from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError, UnavailableError
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting import order_taker
from shared.projecting.order_taker import Handler, OrderTaker
from shared.projecting.orders import Json, Kind, Order, OrderLostError, Orders
from shared.testing.clock import NOON
from shared.testing.waiting import until
from tests.ground.servers import Databases
from tests.ground.tasks import Tasks

NAME = "tally"


class Desk:
    """An api that places orders, and as many projectors as a test wants."""

    def __init__(self, views: Databases) -> None:
        self.views = views
        self.opened = AsyncExitStack()
        self.tasks = Tasks()
        self.stop = asyncio.Event()

    async def lanes(self, role: str) -> Lanes:
        lanes = Lanes(dsn_for(self.views.views_dsn, role), 4, application_name=f"desk-{role}")
        await lanes.open()
        self.opened.push_async_callback(lanes.close)
        return lanes

    async def orders(self, role: str = "projector") -> Orders:
        return Orders(await self.lanes(role), uuid4())

    async def place(self, kind: Kind = "replay", **argument: object) -> UUID:
        api = await self.orders("api")
        return (await api.place(uuid4(), NAME, kind, argument, by="oscar", at=NOON)).id

    async def take(self, handlers: dict[Kind, Handler]) -> None:
        """Run one more taker until the end of the test."""
        lanes = await self.lanes("projector")
        self.tasks.start(OrderTaker(Orders(lanes, uuid4()), lanes, NAME, handlers), self.stop)

    async def has_ended(self, order_id: UUID) -> Order:
        api = await self.orders("api")

        async def ended() -> bool:
            return (await api.read(NAME, order_id)).state in {"done", "failed"}

        await until(ended, what="that the order has ended")
        return await api.read(NAME, order_id)

    async def close(self) -> None:
        try:
            self.stop.set()
            await self.tasks.end()
        finally:
            await self.opened.aclose()


@pytest.fixture
async def desk(views: Databases) -> AsyncIterator[Desk]:
    its = Desk(views)
    try:
        yield its
    finally:
        await its.close()


@pytest.fixture
def only_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by himself during the test."""
    monkeypatch.setattr(order_taker, "LOOK_EVERY_SECONDS", 3600.0)


async def echo(order: Order) -> Json:
    return {"said": order.argument["say"]}


@pytest.mark.usefixtures("only_by_word")
async def test_an_order_is_done_as_soon_as_it_is_placed(desk: Desk) -> None:
    before = await desk.place(say="before")
    await desk.take({"replay": echo})
    assert (await desk.has_ended(before)).result == {"said": "before"}
    order = await desk.has_ended(await desk.place(say="after"))
    assert (order.state, order.result, order.ordered_by) == ("done", {"said": "after"}, "oscar")
    assert order.ended_at is not None


async def test_of_rebuilds_that_are_ordered_at_one_moment_one_is_placed(desk: Desk) -> None:
    placed = await asyncio.gather(
        *(desk.place("rebuild") for _ in range(4)), return_exceptions=True
    )
    refused = [each for each in placed if isinstance(each, RuleBrokenError)]
    assert [each.problem_code for each in refused] == ["rebuild-under-way"] * 3
    assert sum(isinstance(each, UUID) for each in placed) == 1


async def test_what_nobody_here_can_do_waits_for_somebody_who_can(desk: Desk) -> None:
    drop = await desk.place("drop", version=1)
    await desk.take({"replay": echo})
    await desk.has_ended(await desk.place(say="x"))
    assert (await (await desk.orders("api")).read(NAME, drop)).state == "waiting"


async def test_an_order_that_cannot_be_done_says_why_and_never_with_data(desk: Desk) -> None:
    async def refuse(_order: Order) -> Json:
        raise RuleBrokenError("there is no version 7", fix="list them", who_can_help="an operator")

    async def fail(_order: Order) -> Json:
        raise ValueError("Ada Lovelace")

    await desk.take({"drop": refuse, "back": fail})
    refused = await desk.has_ended(await desk.place("drop"))
    assert (refused.state, refused.error, refused.fix) == (
        "failed", "there is no version 7", "list them (who can help: an operator)",
    )  # fmt: skip
    failed = await desk.has_ended(await desk.place("back"))
    assert failed.state == "failed"
    assert "ValueError" in str(failed.error)
    assert "Ada" not in f"{failed.error} {failed.fix}"


async def test_different_kinds_go_on_at_a_time_and_each_kind_one_by_one(desk: Desk) -> None:
    may_end, running = asyncio.Event(), 0

    async def long(_order: Order) -> Json:
        nonlocal running
        running += 1
        assert running == 1
        await may_end.wait()
        running -= 1
        return {}

    for _ in range(2):
        await desk.take({"replay": long, "retry": echo})
    first, second = await desk.place(), await desk.place()
    await desk.has_ended(await desk.place("retry", say="meanwhile"))
    may_end.set()
    assert (await desk.has_ended(first)).state == "done"
    assert (await desk.has_ended(second)).state == "done"


async def test_an_order_whose_doer_died_is_taken_again_and_the_dead_one_says_nothing(
    desk: Desk,
) -> None:
    order_id = await desk.place()
    dead, heir = await desk.orders(), await desk.orders()
    order = await dead.next(NAME, ["replay"])
    assert order is not None
    assert order.id == order_id
    assert await heir.next(NAME, ["replay"]) is None
    await dead.release(order)  # as its lease running out would
    again = await heir.next(NAME, ["replay"])
    assert again is not None
    assert again.id == order_id
    with pytest.raises(OrderLostError):
        await dead.renew(order)
    with pytest.raises(OrderLostError):
        await dead.done(order_id, {})
    with pytest.raises(OrderLostError):
        await dead.report(order_id, {"events": 1})
    assert (await heir.read(NAME, order_id)).progress is None
    await heir.report(order_id, {"events": 2})
    await heir.done(order_id, {"events": 2})
    assert (await heir.read(NAME, order_id)).progress == {"events": 2}


async def test_a_taker_that_stops_gives_back_what_it_was_doing(desk: Desk) -> None:
    has_begun = asyncio.Event()

    async def for_ever(_order: Order) -> Json:
        has_begun.set()
        return await asyncio.Event().wait()  # type: ignore[return-value]

    order_id = await desk.place(say="again")
    await desk.take({"replay": for_ever})
    await has_begun.wait()
    desk.stop.set()
    await desk.tasks.end()
    desk.stop = asyncio.Event()
    await desk.take({"replay": echo})
    assert (await desk.has_ended(order_id)).result == {"said": "again"}


async def test_an_order_that_lost_its_lease_is_cut_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_taker, "RENEW_EVERY_SECONDS", 0.05)
    was_cut_off = asyncio.Event()

    async def for_ever(_order: Order) -> Json:
        try:
            return await asyncio.Event().wait()  # type: ignore[return-value]
        finally:
            was_cut_off.set()

    order_id = await desk.place()
    await desk.take({"replay": for_ever})
    thief = await desk.lanes("projector")
    taken = "update projection_orders set owner = $2 where id = $1 and state = 'running'"

    async def is_taken() -> bool:
        return await thief.execute(taken, order_id, uuid4()) == "UPDATE 1"

    await until(is_taken, what="that the order runs")
    await asyncio.wait_for(was_cut_off.wait(), 60)


async def test_an_order_waits_for_a_server_that_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_taker, "LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr("shared.projecting.orders.LEASE_SECONDS", 0.2)
    tries = 0

    async def away_at_first(_order: Order) -> Json:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise UnavailableError("the key database does not answer")
        return {"tries": tries}

    order_id = await desk.place()
    await desk.take({"replay": away_at_first})
    assert (await desk.has_ended(order_id)).result == {"tries": 2}


async def test_the_same_id_is_the_same_order_and_never_another(desk: Desk) -> None:
    api, order_id = await desk.orders("api"), uuid4()
    for _ in range(2):
        placed = await api.place(order_id, NAME, "drop", {"version": 1}, by="oscar", at=NOON)
        assert placed.argument == {"version": 1}
    with pytest.raises(InvalidInputError):
        await api.place(order_id, NAME, "drop", {"version": 2}, by="oscar", at=NOON)
    with pytest.raises(NotFoundError):
        await api.read("another", order_id)
    assert [o.id for o in await api.latest(NAME, 10)] == [order_id]
