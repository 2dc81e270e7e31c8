"""Subject keys are durable when made, wrapped where they lie, and destroyed for good."""

import asyncio

import asyncpg
import pytest

from shared.errors import DaybookError, GoneError, NotFoundError, UnavailableError
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.jwe import key_commitment
from shared.security.key_grants import KeyGrants
from shared.security.master_key import KnownMasterKeys
from shared.security.subject_keys import SubjectKeys
from shared.testing.waiting import until
from tests.ground.servers import Databases

PLAIN, IV = b"buy milk", b"i" * 12


async def test_keys_that_were_made_can_be_read_by_another_process_at_once(
    keys: SubjectKeys, databases: Databases
) -> None:
    made = await keys.make(3)
    assert len({key.kid for key in made}) == 3
    assert all(key.commitment == key_commitment(key.key) for key in made)
    projector = Lanes(dsn_for(databases.keys_dsn, "projector"), 1, application_name="test")
    await projector.open()
    read = await SubjectKeys(projector, KnownMasterKeys(b"m" * 32)).read(key.kid for key in made)
    await projector.close()
    for key in made:
        cipher = read[key.kid]
        assert cipher is not None
        assert cipher.decrypt(IV, key.cipher.encrypt(IV, PLAIN, None), None) == PLAIN


async def test_the_database_holds_no_key_in_the_clear(keys: SubjectKeys, lanes: Lanes) -> None:
    [key] = await keys.make(1)
    assert key.key not in await lanes.fetchval("select wrapped from subject_keys")


async def test_many_keys_are_read_in_one_question_and_none_in_no_question(
    keys: SubjectKeys, lanes: Lanes
) -> None:
    made = await keys.make(100)
    assert (await keys.read(key.kid for key in made)).keys() == {key.kid for key in made}
    await lanes.close()
    assert await keys.read([]) == {}


async def test_a_destroyed_key_is_gone_for_good_and_known_to_be_gone(
    keys: SubjectKeys, grants: KeyGrants, lanes: Lanes
) -> None:
    destroyed, kept = await keys.make(2)
    assert await grants.give(destroyed.kid, "billing") == destroyed.key
    assert await keys.not_destroyed([destroyed.kid]) == [destroyed.kid]
    await keys.destroy([destroyed.kid])
    await keys.destroy([destroyed.kid])
    assert await keys.not_destroyed([destroyed.kid]) == []
    read = await keys.read([destroyed.kid, kept.kid])
    assert read[destroyed.kid] is None
    assert read[kept.kid] is not None
    with pytest.raises(GoneError) as gone:
        await grants.give(destroyed.kid, "billing")
    assert gone.value.problem_code == "subject-key-destroyed"
    assert await grants.give(kept.kid, "billing") == kept.key
    rows = await lanes.fetch("select wrapped, destroyed_at from subject_keys where wrapped is null")
    assert [row["destroyed_at"] is not None for row in rows] == [True]


@pytest.mark.parametrize("kid", ["nobody", "", "with\x00nul"])
async def test_a_reference_that_never_was_is_not_found(
    keys: SubjectKeys, grants: KeyGrants, kid: str
) -> None:
    [known] = await keys.make(1)
    with pytest.raises(NotFoundError):
        await keys.read([known.kid, "nobody"])
    with pytest.raises(NotFoundError):
        await grants.give(kid, "billing")


async def test_to_whom_a_key_was_given_is_known_and_nothing_is_noted_of_a_destroyed_one(
    keys: SubjectKeys, grants: KeyGrants
) -> None:
    given, destroyed = await keys.make(2)
    await keys.destroy([destroyed.kid])
    for account in ("b", "a", "b"):
        await grants.give(given.kid, account)
    with pytest.raises(GoneError):
        await grants.give(destroyed.kid, "a")
    assert await grants.accounts(given.kid) == ["a", "b"]
    assert await grants.accounts(destroyed.kid) == []


async def test_a_key_that_is_not_here_can_be_destroyed_so_that_it_never_comes(
    keys: SubjectKeys,
) -> None:
    await keys.destroy(["restored to before it was made"])
    assert await keys.read(["restored to before it was made"]) == {
        "restored to before it was made": None
    }


async def test_a_key_that_another_master_wrapped_is_never_taken_for_destroyed(
    keys: SubjectKeys, lanes: Lanes
) -> None:
    [key] = await keys.make(1)
    other = SubjectKeys(lanes, KnownMasterKeys(b"n" * 32))
    with pytest.raises(DaybookError) as refused:
        await other.read([key.kid])
    assert refused.value.problem_code == "wrong-master-key"


async def test_a_key_database_that_goes_away_is_never_taken_for_destroyed(
    keys: SubjectKeys, grants: KeyGrants, databases: Databases
) -> None:
    [key] = await keys.make(1)
    admin = await asyncpg.connect(databases.admin_dsn("keys"))
    holding = admin.transaction()
    await holding.start()
    await admin.execute("lock table subject_keys")
    reading = asyncio.create_task(keys.read([key.kid]))
    exporting = asyncio.create_task(grants.give(key.kid, "billing"))
    # Looked at by somebody else: inside a transaction the activity is read once and kept.
    onlooker = await asyncpg.connect(databases.admin_dsn("keys"))
    waiting = """from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()"""

    async def both_wait() -> bool:
        return bool(await onlooker.fetchval(f"select count(*) {waiting}") == 2)

    await until(both_wait, what="that both wait")
    await onlooker.execute(f"select pg_terminate_backend(pid) {waiting}")
    await onlooker.close()
    for task in (reading, exporting):
        with pytest.raises(UnavailableError):
            await task
    await holding.rollback()
    await admin.close()
    assert (await keys.read([key.kid]))[key.kid] is not None


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("api", "delete from subject_keys"),
        ("api", "update subject_keys set kid = 'x'"),
        ("api", "truncate subject_keys"),
        ("projector", "update subject_keys set wrapped = null, destroyed_at = now()"),
        ("projector", "insert into subject_keys (kid, wrapped) values ('x', '')"),
        ("projector", "delete from subject_keys"),
        ("relay", "select * from subject_keys"),
    ],
)
async def test_no_role_may_do_more_with_keys_than_its_work_needs(
    databases: Databases, role: str, statement: str
) -> None:
    connection = await asyncpg.connect(dsn_for(databases.keys_dsn, role))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()
