"""After the master key was replaced every subject key is wrapped anew, while everything runs.

Each batch is one transaction, and what is done says so itself: killed, it goes on where it was. A
key that is destroyed at the same moment stays destroyed, because only what was read is replaced.
"""

from collections.abc import Callable

from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKey, Wrapped

AT_A_TIME = 500
OLD = """select kid, wrapped, master_id from subject_keys
    where kid > $2 and wrapped is not null and master_id is distinct from $1
    order by kid limit $3"""
REPLACE = """with replaced as (
        update subject_keys s set wrapped = n.content, master_id = n.master_id
        from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[])
            n (kid, old, content, master_id)
        where s.kid = n.kid and s.wrapped = n.old returning 1)
    select count(*) from replaced"""


async def rewrap(lanes: Lanes, master: MasterKey, told: Callable[[int], None]) -> int:
    """Wrap with the master key of now whatever another one wrapped; return how many keys.

    Ends when a whole pass found nothing: a process that had not noticed the new master key may
    have made keys meanwhile. `told` is called after each batch with how many are done.

    Raises:
        DaybookError: the master key that wrapped a key is not here.
        UnavailableError: the key database does not answer; run it again.
    """
    done = 0
    while True:
        found = await _pass(lanes, master, lambda more, before=done: told(before + more))  # type: ignore[misc]
        done += found
        if found == 0:
            return done


async def _pass(lanes: Lanes, master: MasterKey, told: Callable[[int], None]) -> int:
    done, after = 0, ""
    while rows := await lanes.fetch(OLD, master.id, after, AT_A_TIME):
        new = [
            master.wrap(
                row["kid"], master.unwrap(row["kid"], Wrapped(row["wrapped"], row["master_id"]))
            )
            for row in rows
        ]
        done += await lanes.fetchval(
            REPLACE, [row["kid"] for row in rows], [row["wrapped"] for row in rows],
            [each.content for each in new], [each.master_id for each in new],
        )  # fmt: skip
        told(done)
        after = rows[-1]["kid"]
    return done
