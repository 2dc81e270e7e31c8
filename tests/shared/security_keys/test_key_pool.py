"""Whoever registers a customer has a key at hand, and no two customers ever share one."""

import asyncio

import pytest

from shared.errors import UnavailableError
from shared.security.subject_keys import KEYS_PER_CALL, KeyPool, SubjectKey, SubjectKeys
from shared.testing.waiting import until


class Counted(SubjectKeys):
    """A key database in memory that can be away, or be held up."""

    def __init__(self) -> None:
        self.made: list[SubjectKey] = []
        self.is_away = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def make(self, count: int = KEYS_PER_CALL) -> list[SubjectKey]:
        await self.may_answer.wait()
        if self.is_away:
            raise UnavailableError("the key database does not answer")
        new = [SubjectKey.of(f"key-{len(self.made) + n}", b"k" * 32) for n in range(count)]
        self.made += new
        return new


async def test_keys_are_made_a_hundred_at_a_time_and_ahead(keys: SubjectKeys) -> None:
    pool = KeyPool(keys, low_mark=3)
    taken = [await pool.take() for _ in range(98)]
    assert len({key.kid for key in taken}) == 98
    assert (await keys.read(key.kid for key in taken)).keys() == {key.kid for key in taken}


async def test_taking_does_not_wait_for_the_refill() -> None:
    made = Counted()
    pool = KeyPool(made, low_mark=10)
    for _ in range(KEYS_PER_CALL - 10):
        await pool.take()
    made.may_answer.clear()
    left = [await asyncio.wait_for(pool.take(), 60) for _ in range(10)]
    assert len(left) == 10
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    made.may_answer.set()
    assert (await waiting).kid not in {key.kid for key in left}


async def test_many_at_once_never_get_the_same_key_and_cause_one_refill() -> None:
    made = Counted()
    pool = KeyPool(made, low_mark=1)
    taken = await asyncio.gather(*(pool.take() for _ in range(KEYS_PER_CALL)))
    assert len({key.kid for key in taken}) == KEYS_PER_CALL
    assert len(made.made) == KEYS_PER_CALL


async def test_many_more_than_one_refill_holds_all_get_a_key_of_their_own() -> None:
    pool = KeyPool(Counted(), low_mark=100)
    taken = await asyncio.gather(*(pool.take() for _ in range(5 * KEYS_PER_CALL)))
    assert len({key.kid for key in taken}) == 5 * KEYS_PER_CALL


async def test_an_empty_pool_says_that_the_key_database_is_away_and_recovers() -> None:
    made = Counted()
    made.is_away = True
    pool = KeyPool(made)
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await pool.take()
    answers = await asyncio.gather(*(pool.take() for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, UnavailableError) for answer in answers)
    made.is_away = False
    assert await pool.take() in made.made


async def test_a_refill_that_fails_behind_a_full_pool_disturbs_nobody() -> None:
    made = Counted()
    pool = KeyPool(made, low_mark=50)
    for _ in range(KEYS_PER_CALL - 50):
        await pool.take()
    made.is_away = True
    for _ in range(10):
        await pool.take()
    made.is_away = False
    await pool.take()
    await until(lambda: len(made.made) == 2 * KEYS_PER_CALL, what="the next refill")


async def test_whoever_gives_up_waiting_does_not_stop_the_refill_for_the_others() -> None:
    made = Counted()
    made.may_answer.clear()
    pool = KeyPool(made)
    impatient, patient = (asyncio.create_task(pool.take()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    made.may_answer.set()
    assert (await patient).kid
    assert impatient.cancelled()
    assert len(made.made) == KEYS_PER_CALL
