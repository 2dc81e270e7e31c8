"""A reader of many events asks once per subject, and holds a destroyed key a minute at most."""

import asyncio
from collections.abc import Iterable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import NotFoundError
from shared.security import cipher_cache
from shared.security.cipher_cache import CipherCache
from shared.security.subject_keys import SubjectKeys
from shared.testing.clock import TurnableClock


class Database(SubjectKeys):
    """A key database in memory that counts what it is asked."""

    def __init__(self, *kids: str) -> None:
        self.ciphers: dict[str, AESGCM | None] = {kid: AESGCM(b"k" * 32) for kid in kids}
        self.asked: list[set[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def read(self, kids: Iterable[str]) -> dict[str, AESGCM | None]:
        wanted = set(kids)
        self.asked.append(wanted)
        found = {kid: self.ciphers[kid] for kid in wanted if kid in self.ciphers}
        await self.may_answer.wait()
        if len(found) < len(wanted):
            raise NotFoundError("there is no key with this reference")
        return found


async def test_each_subject_is_asked_for_once_a_minute(clock: TurnableClock) -> None:
    database = Database("ada", "bob")
    cache = CipherCache(database, clock)
    assert (await cache.read(["ada", "ada"]))["ada"] is database.ciphers["ada"]
    both = await cache.read(["ada", "bob"])
    assert (both["ada"], both["bob"]) == (database.ciphers["ada"], database.ciphers["bob"])
    clock.turn(60)
    await cache.read(["ada", "bob"])
    assert database.asked == [{"ada"}, {"bob"}]
    clock.turn(0.1)
    await cache.read(["ada", "bob"])
    assert database.asked[2:] == [{"ada", "bob"}]


async def test_a_destroyed_key_is_out_of_memory_after_a_minute(clock: TurnableClock) -> None:
    database = Database("ada")
    cache = CipherCache(database, clock)
    await cache.read(["ada"])
    database.ciphers["ada"] = None
    clock.turn(60.1)
    assert (await cache.read(["ada"]))["ada"] is None


async def test_a_key_learned_late_in_a_minute_is_not_kept_for_longer(
    clock: TurnableClock,
) -> None:
    database = Database("ada", "bob")
    cache = CipherCache(database, clock)
    await cache.read(["ada"])
    clock.turn(59)
    await cache.read(["bob"])
    clock.turn(2)
    await cache.read(["bob"])
    assert database.asked == [{"ada"}, {"bob"}, {"bob"}]


async def test_that_a_key_was_destroyed_is_asked_again_each_time(clock: TurnableClock) -> None:
    database = Database("ada")
    database.ciphers["ada"] = None
    cache = CipherCache(database, clock)
    for _ in range(2):
        assert (await cache.read(["ada"]))["ada"] is None
    assert len(database.asked) == 2


async def test_all_keys_can_be_forgotten_at_once(clock: TurnableClock) -> None:
    database = Database("ada")
    cache = CipherCache(database, clock)
    await cache.read(["ada"])
    cache.forget_all()
    database.ciphers["ada"] = None
    assert (await cache.read(["ada"]))["ada"] is None


async def test_a_key_that_is_forgotten_while_another_is_fetched_still_answers_that_reader(
    clock: TurnableClock,
) -> None:
    database = Database("ada", "bob")
    cache = CipherCache(database, clock)
    await cache.read(["ada"])
    database.may_answer.clear()
    reader = asyncio.create_task(cache.read(["ada", "bob"]))
    await asyncio.sleep(0)
    cache.forget_all()
    database.may_answer.set()
    both = await reader
    assert both["ada"] is not None
    assert both["bob"] is not None
    # What was on its way while everything was forgotten is not remembered.
    await cache.read(["bob"])
    assert database.asked == [{"ada"}, {"bob"}, {"bob"}]


async def test_an_unknown_reference_is_an_error_and_nothing_is_remembered_of_it(
    clock: TurnableClock,
) -> None:
    cache = CipherCache(Database("ada"), clock)
    for _ in range(2):
        with pytest.raises(NotFoundError):
            await cache.read(["nobody", "ada"])


async def test_a_cache_that_has_grown_too_large_begins_anew(
    clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cipher_cache, "MAX_ENTRIES", 2)
    database = Database("ada", "bob", "cy")
    cache = CipherCache(database, clock)
    await cache.read(["ada", "bob", "cy"])
    await cache.read(["ada"])
    assert database.asked == [{"ada", "bob", "cy"}, {"ada"}]
