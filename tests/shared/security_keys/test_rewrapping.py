"""The master key is replaced while keys are made, read and destroyed, and nothing is lost."""

import asyncio

import pytest

from shared.errors import DaybookError
from shared.postgres.lanes import Lanes
from shared.security import rewrapping
from shared.security.master_key import KnownMasterKeys, id_of
from shared.security.rewrapping import rewrap
from shared.security.subject_keys import SubjectKeys

OLD, NEW = b"o" * 32, b"n" * 32
BY = "select count(*) from subject_keys where wrapped is not null and master_id = $1"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrapping, "AT_A_TIME", 7)


async def test_every_key_is_wrapped_anew_and_stays_the_same_key(lanes: Lanes) -> None:
    made = await SubjectKeys(lanes, KnownMasterKeys(OLD)).make(40)
    await lanes.execute("update subject_keys set master_id = null where kid = $1", made[0].kid)
    both = KnownMasterKeys(NEW, OLD)
    told: list[int] = []
    assert await rewrap(lanes, both, told.append) == 40
    assert told == sorted(told)
    assert told[-1] == 40
    sealed = {key.kid: key.cipher.encrypt(b"i" * 12, b"Ada", None) for key in made}
    read = await SubjectKeys(lanes, KnownMasterKeys(NEW)).read(sealed)
    for kid, cipher in read.items():
        assert cipher is not None
        assert cipher.decrypt(b"i" * 12, sealed[kid], None) == b"Ada"
    assert await rewrap(lanes, both, told.append) == 0


async def test_what_is_made_read_and_destroyed_meanwhile_is_right(lanes: Lanes) -> None:
    old, both = SubjectKeys(lanes, KnownMasterKeys(OLD)), KnownMasterKeys(NEW, OLD)
    made = await old.make(60)
    kids = [key.kid for key in made]

    async def others() -> None:
        for kid in kids[::3]:
            await old.destroy([kid])
            await SubjectKeys(lanes, both).make(1)
            await old.make(1)

    await asyncio.gather(others(), rewrap(lanes, both, lambda _: None))
    await rewrap(lanes, both, lambda _: None)
    assert await lanes.fetchval(BY, id_of(OLD)) == 0
    read = await SubjectKeys(lanes, KnownMasterKeys(NEW)).read(kids)
    assert [read[kid] is None for kid in kids] == [n % 3 == 0 for n in range(60)]


async def test_a_run_that_stopped_goes_on_and_says_when_a_master_key_is_missing(
    lanes: Lanes,
) -> None:
    await SubjectKeys(lanes, KnownMasterKeys(OLD)).make(30)

    def stop(done: int) -> None:
        if done >= 14:
            raise KeyboardInterrupt

    both = KnownMasterKeys(NEW, OLD)
    with pytest.raises(KeyboardInterrupt):
        await rewrap(lanes, both, stop)
    assert await lanes.fetchval(BY, id_of(NEW)) == 14
    with pytest.raises(DaybookError, match="this master key"):
        await rewrap(lanes, KnownMasterKeys(NEW), lambda _: None)
    assert await rewrap(lanes, both, lambda _: None) == 16
