"""Whoever reads with a token waits until the read model has seen it, and not longer than asked."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.errors import NotYetError, TokenOfEarlierEpochError
from shared.eventstore.tokens import TokenPart
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting import watching
from shared.projecting.applying import CHANNEL
from shared.projecting.marks import Followed, Mark
from shared.projecting.watching import MarkWatcher
from shared.testing.waiting import until
from tests.ground.servers import Databases
from tests.shared.projecting.tally import DEFINE

FOLLOWED = Followed("tally", "/daybook/notes", "daybook.notes.v1", 3)
FAR_AWAY = 600.0
SET = """insert into projection_marks
    (projection, version, source, topic, partition, epoch, feed_position, txid, position)
    values ('tally', 1, '/daybook/notes', 'daybook.notes.v1', $1, $2, $4, $3, $4)
    on conflict (projection, version, source, topic, partition) do update
    set epoch = excluded.epoch,
        txid = excluded.txid, position = excluded.position"""


class Stage:
    """A watcher that runs, and a hand that moves the marks."""

    def __init__(self, watcher: MarkWatcher, admin: asyncpg.Connection) -> None:
        self.watcher = watcher
        self.admin = admin
        self.stop = asyncio.Event()
        self.watching: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        """Let the watcher run; return when it has looked once."""
        self.watching = asyncio.create_task(self.watcher.run(self.stop))
        await until(self.is_listening, what="that the watcher listens")

    async def is_listening(self) -> bool:
        """Whether the watcher hears what it is told, and has looked."""
        sql = """select count(*) from pg_stat_activity where application_name = 'watcher'
            and query ilike '%projection_marks%' and state = 'idle'"""
        return bool(await self.admin.fetchval(sql))

    async def move(
        self, partition: int, epoch: int, txid: int, position: int, *, tell: bool = True
    ) -> None:
        """Move a mark as the projector would, and tell, or not."""
        await self.admin.execute(SET, partition, epoch, txid, position)
        if tell:
            await self.admin.execute("select pg_notify($1, 'tally')", CHANNEL)


@pytest.fixture
async def stage(views: Databases) -> AsyncIterator[Stage]:
    lanes = Lanes(dsn_for(views.views_dsn, "api"), 2, application_name="watcher")
    await lanes.open()
    admin = await asyncpg.connect(views.admin_dsn("views"))
    await admin.execute(DEFINE)
    its = Stage(MarkWatcher(lanes, FOLLOWED, "notes"), admin)
    yield its
    if its.watching is not None:
        its.watching.cancel()
        await asyncio.wait([its.watching])
    await lanes.close()
    await admin.close()


def _token(partition: int, epoch: int, txid: int, position: int, of: str = "notes") -> TokenPart:
    return TokenPart(of, epoch, partition, txid, position)


@pytest.fixture
def only_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the safety read never come."""
    monkeypatch.setattr(watching, "SAFETY_SECONDS", FAR_AWAY)


@pytest.fixture
def only_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the safety read come often."""
    monkeypatch.setattr(watching, "SAFETY_SECONDS", 0.02)


async def test_a_token_that_the_read_model_has_seen_is_not_waited_for(stage: Stage) -> None:
    await stage.move(1, 1, 10, 5)
    await stage.watch()
    for seen in (_token(1, 1, 10, 5), _token(1, 1, 10, 4), _token(1, 1, 9, 99)):
        await stage.watcher.wait_for([seen], 0)
    await stage.watcher.wait_for([], 0)


@pytest.mark.parametrize(
    "unseen",
    [_token(1, 1, 10, 6), _token(1, 1, 11, 1), _token(1, 2, 1, 1), _token(2, 1, 1, 1)],
    ids=str,
)
async def test_a_token_that_is_not_reached_in_time_is_told_so(
    stage: Stage, unseen: TokenPart
) -> None:
    await stage.move(1, 1, 10, 5)
    await stage.watch()
    with pytest.raises(NotYetError) as late:
        await stage.watcher.wait_for([unseen], 0.05)
    assert late.value.retry_after_seconds == 1
    assert late.value.fix is not None


@pytest.mark.usefixtures("only_by_word")
async def test_the_projectors_word_wakes_whoever_waits(stage: Stage) -> None:
    await stage.watch()
    waiting = asyncio.create_task(stage.watcher.wait_for([_token(0, 1, 10, 5)], FAR_AWAY))
    await stage.move(0, 1, 10, 4)
    await until(lambda: stage.watcher.marks.get(0, Mark(0)).position == 4, what="the first word")
    assert not waiting.done()
    await stage.move(0, 1, 10, 5)
    await asyncio.wait_for(waiting, 60)


@pytest.mark.usefixtures("only_by_looking")
async def test_without_the_projectors_word_a_look_now_and_then_wakes_them_too(
    stage: Stage,
) -> None:
    await stage.watch()
    waiting = asyncio.create_task(stage.watcher.wait_for([_token(0, 1, 10, 5)], FAR_AWAY))
    await stage.move(0, 1, 10, 5, tell=False)
    await asyncio.wait_for(waiting, 60)


@pytest.mark.usefixtures("only_by_word")
async def test_all_parts_of_a_token_are_waited_for_and_those_of_others_are_not(
    stage: Stage,
) -> None:
    await stage.watch()
    token = [_token(0, 1, 10, 5), _token(2, 1, 11, 6), _token(1, 9, 99, 99, of="others")]
    waiting = asyncio.create_task(stage.watcher.wait_for(token, FAR_AWAY))
    await stage.move(0, 1, 12, 7)
    await until(lambda: 0 in stage.watcher.marks, what="the first mark")
    assert not waiting.done()
    await stage.move(2, 1, 11, 6)
    await asyncio.wait_for(waiting, 60)


async def test_a_token_from_before_a_restore_is_refused_and_never_waited_for(
    stage: Stage,
) -> None:
    await stage.move(0, 2, 1, 1)
    await stage.watch()
    with pytest.raises(TokenOfEarlierEpochError):
        await stage.watcher.wait_for([_token(1, 1, 10, 5)], FAR_AWAY)
    with pytest.raises(TokenOfEarlierEpochError):
        stage.watcher.refuse_earlier_epoch([_token(0, 1, 1, 1)])
    stage.watcher.refuse_earlier_epoch([_token(0, 2, 1, 1), _token(0, 1, 1, 1, of="others")])


async def test_a_restore_ends_the_waiting_of_those_who_came_before_it(stage: Stage) -> None:
    await stage.move(0, 1, 1, 1)
    await stage.watch()
    waiting = asyncio.create_task(stage.watcher.wait_for([_token(0, 1, 10, 5)], FAR_AWAY))
    await stage.move(0, 2, 1, 1)
    with pytest.raises(TokenOfEarlierEpochError):
        await asyncio.wait_for(waiting, 60)


@pytest.mark.usefixtures("only_by_looking")
async def test_a_watcher_that_lost_its_connection_listens_again(stage: Stage) -> None:
    await stage.watch()
    await stage.admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watcher'"
    )
    waiting = asyncio.create_task(stage.watcher.wait_for([_token(0, 1, 10, 5)], FAR_AWAY))
    await stage.move(0, 1, 10, 5)
    await asyncio.wait_for(waiting, 60)


@pytest.mark.usefixtures("only_by_word")
async def test_whoever_watches_is_woken_by_any_move_or_after_a_while(stage: Stage) -> None:
    await stage.watch()
    since = stage.watcher.marks
    assert await stage.watcher.wait_for_move(since, 0.02) == since
    waiting = asyncio.create_task(stage.watcher.wait_for_move(since, FAR_AWAY))
    await stage.move(2, 1, 3, 3)
    moved = await asyncio.wait_for(waiting, 60)
    assert moved[2].position == 3


async def test_many_who_wait_are_all_woken(stage: Stage) -> None:
    await stage.watch()
    tokens = [_token(n % 3, 1, 10, n) for n in range(60)]
    waiting = [asyncio.create_task(stage.watcher.wait_for([t], FAR_AWAY)) for t in tokens]
    for partition in range(3):
        await stage.move(partition, 1, 10, 100)
    await asyncio.wait_for(asyncio.gather(*waiting), 60)


async def test_before_anything_was_read_no_token_is_seen(stage: Stage) -> None:
    assert stage.watcher.epoch == 0
    with pytest.raises(NotYetError):
        await stage.watcher.wait_for([_token(0, 1, 1, 1)], 0.01)
