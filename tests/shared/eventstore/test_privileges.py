"""Each role may do what its work needs and nothing more: nobody changes or deletes an event."""

import asyncpg
import pytest

from shared.postgres.dsn import dsn_for
from tests.ground.servers import Databases

READ_EVENTS = "select count(*) from events"
APPEND = """select append_to_stream(null, null, null, null, 'note-1', 0, 'ada', 0::smallint, now(),
    'me', gen_random_uuid(), null, null, null, gen_random_uuid(), 'NoteWritten', 1::smallint,
    ''::bytea, null, null, null, null)"""
APPEND_MANY = """select append_to_streams('{note-2}', '{0}', '{1}', '{ada}', '{0}', now(), 'me',
    gen_random_uuid(), null, null, null, '{1}', '{1}', array[gen_random_uuid()], '{NoteWritten}',
    '{1}', array[''::bytea])"""
INSERT = """insert into events (stream, version, event_id, type, schema_version, subject, partition,
    recorded_at, actor, correlation_id, data)
    values ('note-1', 1, gen_random_uuid(), 'N', 1, 'ada', 0, now(), 'me', gen_random_uuid(), '')"""
KEEP = """select keep_records(array[gen_random_uuid()], '{NoteRead}', '{1}', '{records-ada}',
    '{ada}', '{0}', array[now()], '{me}', array[gen_random_uuid()], '{null}', array[''::bytea])"""
READ_RECORDS = "select count(*) from records"
RECORD = """insert into records (stream, event_id, type, schema_version, subject, partition,
    recorded_at, actor, correlation_id, data)
    values ('r', gen_random_uuid(), 'N', 1, 'ada', 0, now(), 'me', gen_random_uuid(), '')"""
ADVANCE = """select relay_advance('t', gen_random_uuid(), 1, '2 s', now(), '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}')"""
CHECKPOINT = "insert into relay_checkpoints (topic, partition, epoch) values ('t', 0, 1)"

MAY = [
    ("api", READ_EVENTS),
    ("api", APPEND),
    ("api", APPEND_MANY),
    ("api", KEEP),
    ("api", READ_RECORDS),
    ("api", "select * from log_horizon()"),
    ("api", "select count(*) from relay_checkpoints"),
    ("projector", READ_EVENTS),
    ("worker", READ_EVENTS),
    ("worker", APPEND_MANY.replace("note-2", "note-3")),
    ("worker", KEEP),
    ("worker", "delete from import_chunks"),
    ("projector", "select * from streams, store, feed_index"),
    ("projector", "select discarded_events('directory')"),
    ("relay", READ_EVENTS),
    ("relay", READ_RECORDS),
    ("relay", CHECKPOINT),
    ("relay", ADVANCE),
    *[
        (role, statement)
        for role in ("api", "relay")
        for statement in (
            "select begin_next_epoch(0, 0, 'not this one')",
            "select newest_txid()",
            "select * from this_server()",
            "select * from store_epochs",
        )
    ],
    ("relay", "delete from idempotency where recorded_at < now()"),
]
MAY_NOT = [
    *[
        (role, statement)
        for role in ("api", "relay", "projector", "worker")
        for statement in (
            "update events set data = ''",
            "update events set actor = 'somebody else'",
            "delete from events",
            "truncate events",
            INSERT,
            "update streams set version = 9",
            "delete from streams",
            "update store set service = 'other'",
            "delete from store",
            "update store set epoch = 9",
            "update store set timeline = 9",
            "delete from store_epochs",
            "select renumber_log()",
            "create table mine (n int)",
            "drop table events",
            "update records set data = ''",
            "update records set actor = 'somebody else'",
            "delete from records",
            "truncate records",
            RECORD,
        )
    ],
    ("api", "insert into idempotency values ('', '', 1, '', '', 1, now())"),
    ("api", "update idempotency set status = 500"),
    ("api", "delete from idempotency"),
    ("api", "update relay_checkpoints set feed_position = 0"),
    ("api", ADVANCE),
    ("relay", APPEND),
    ("relay", APPEND_MANY),
    ("worker", APPEND),
    ("worker", READ_RECORDS),
    ("worker", "select * from idempotency"),
    ("worker", "delete from imports"),
    ("worker", "delete from import_rows"),
    ("api", "insert into import_rows values (gen_random_uuid(), 1, gen_random_uuid(), 0, 1)"),
    ("api", "delete from import_keys"),
    ("relay", KEEP),
    ("relay", "select * from idempotency"),
    ("relay", "delete from relay_checkpoints"),
    *[
        ("projector", statement)
        for statement in (
            APPEND,
            READ_RECORDS,
            KEEP,
            "select * from idempotency",
            "select * from relay_checkpoints",
            "select * from log_horizon()",
            "select begin_next_epoch(0, 0, 'not this one')",
            "select renumber_log()",
        )
    ],
]


async def _as(databases: Databases, role: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn_for(databases.truth_dsn, role))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_every_role_may_do_its_own_work(databases: Databases) -> None:
    for role, statement in MAY:
        await _as(databases, role, statement)


async def test_no_role_may_do_anything_else(databases: Databases) -> None:
    for role, statement in MAY_NOT:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as(databases, role, statement)


async def test_the_owner_of_everything_cannot_log_in(databases: Databases) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await _as(databases, "owner", READ_EVENTS)
