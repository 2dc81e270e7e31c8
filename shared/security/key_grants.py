"""Whoever was given a subject's key is known as long as the key database lives.

The row is durable before the key leaves, and in one transaction with the look at it: a key that is
being destroyed is either given and noted, or not given.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKey, Wrapped
from shared.security.subject_keys import Owned, key_destroyed, key_unknown

GIVE = """with given as materialized (
        select kid, wrapped, master_id from subject_keys where kid = $1 for share
    ), noted as (
        insert into key_grants (kid, account)
        select kid, $2 from given where wrapped is not null
        on conflict (kid, account) do update set last_at = now(), times = key_grants.times + 1
    )
    select wrapped, master_id from given"""
GRANTS = """select account, first_at, last_at, times from key_grants where kid = $1
    order by account"""
ACCOUNTS = "select account from key_grants where kid = $1 order by account"


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """One account that was given a key."""

    account: str
    first_at: datetime
    last_at: datetime
    times: int


class KeyGrants:
    """Gives keys to entitled accounts, and remembers to whom."""

    def __init__(self, lanes: Lanes, master: MasterKey) -> None:
        self._lanes = lanes
        self._master = master

    async def give(self, kid: str, account: str) -> bytes:
        """Return one key in the clear once it is durable that this account has it.

        Raises:
            NotFoundError: there never was such a key.
            GoneError: the key was destroyed: skip the event and forget the subject.
            UnavailableError: the key database does not answer.
        """
        # PostgreSQL's text cannot hold a NUL, so no reference does; files and saved views have keys
        # that are nobody's outside.
        is_none = "\x00" in kid or kid.startswith(tuple(f"{what}-" for what in get_args(Owned)))
        row = None if is_none else await self._lanes.fetchrow(GIVE, kid, account)
        if row is None:
            raise key_unknown()
        if row["wrapped"] is None:
            raise key_destroyed()
        return self._master.unwrap(kid, Wrapped(row["wrapped"], row["master_id"]))

    async def every(self, kid: str) -> list[KeyGrant]:
        """Return to whom this key was given, when, and how often."""
        return [KeyGrant(*row) for row in await self._lanes.fetch(GRANTS, kid)]

    async def accounts(self, kid: str) -> list[str]:
        """Return to whom this key was given."""
        return [row["account"] for row in await self._lanes.fetch(ACCOUNTS, kid)]
