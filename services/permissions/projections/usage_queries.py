"""What the api asks of the read models of uses: the sums of what each service told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.permissions.domain.usage import Uses
from services.permissions.projections.of_records import NAMES, SOURCES
from shared.postgres.lanes import Lanes

LIVING: Final = "not exists (select from erased_subjects e where e.subject = u.subject::text)"
_PLACE: Final = "u.event_id::text, u.partition, u.epoch, u.feed_position"


def _of_all(select: str) -> str:
    return " union all ".join(select.replace("{source}", source) for source in SOURCES)


SINCE: Final = _of_all("select since from usage_known_{source}")
LAST: Final = f"""select a.subject, a.permission, max(a.last_at) as last_at
    from ({_of_all("select * from usage_{source}")}) a group by a.subject, a.permission"""
USED: Final = _of_all(
    f"""select '{{source}}' as source, u.permission, u.first_at, u.last_at, u.times, {_PLACE}
    from usage_{{source}} u where u.subject = $1 and {LIVING}"""
)
REFUSED: Final = _of_all(
    f"""select '{{source}}' as source, u.permission, u.code, u.last_at, u.times, {_PLACE}
    from refused_{{source}} u where u.subject = $1 and u.day >= $2 and {LIVING}"""
)
AGES: Final = """select v.projection as name, v.version, max(m.moved_at) as moved_at,
        coalesce(sum(m.feed_position), 0)::bigint as records
    from projection_versions v
    left join projection_marks m on m.projection = v.projection and m.version = v.version
    where v.projection = any($1::text[]) and v.state = 'current'
    group by v.projection, v.version order by v.projection"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The record that told something: its id, and its place on daybook.access.v1."""

    event_id: str
    source: str
    partition: int
    epoch: int
    feed_position: int


@dataclass(frozen=True, slots=True)
class Used:
    """The uses of one permission by one subject: how often, and the record of the last one."""

    permission: str
    first_at: datetime
    last_at: datetime
    times: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Refused:
    """Refusals of one permission for one reason, and the record of the last one."""

    permission: str
    code: str
    last_at: datetime
    times: int
    evidence: Evidence


class UsageQueries:
    """Reads the versions of the read models that answer."""

    def __init__(self, views: Lanes) -> None:
        self._views = views

    async def known_since(self) -> datetime | None:
        """Return from when on all uses are known; None: a service has told of none yet.

        Raises:
            UnavailableError: the database does not answer.
        """
        rows = await self._views.fetch(SINCE)
        return max(row["since"] for row in rows) if len(rows) == len(SOURCES) else None

    async def uses(self) -> Uses:
        """Return when everybody last used everything (raises as known_since)."""
        last: dict[UUID, dict[str, datetime]] = defaultdict(dict)
        for subject, permission, at in await self._views.fetch(LAST):
            last[subject][permission] = at
        return Uses(await self.known_since(), last)

    async def used_by(self, subject: UUID) -> Sequence[Used]:
        """Return what somebody used, the latest first (raises as known_since)."""
        sums: dict[str, Used] = {}
        for row in await self._views.fetch(USED, subject):
            its = Used(row["permission"], row["first_at"], row["last_at"], row["times"], _of(row))
            sums[its.permission] = _added(sums.get(its.permission), its)
        return sorted(sums.values(), key=lambda one: one.last_at, reverse=True)

    async def refused_to(self, subject: UUID, since: date) -> Sequence[Refused]:
        """Return what somebody was refused, the most frequent first (raises as known_since)."""
        sums: dict[tuple[str, str], Refused] = {}
        for row in await self._views.fetch(REFUSED, subject, since):
            key = (row["permission"], row["code"])
            its, was = Refused(*key, row["last_at"], row["times"], _of(row)), sums.get(key)
            latest = its if was is None or its.last_at >= was.last_at else was
            times = its.times + (0 if was is None else was.times)
            sums[key] = Refused(*key, latest.last_at, times, latest.evidence)
        return sorted(sums.values(), key=lambda one: (-one.times, one.permission, one.code))

    async def ages(self) -> Sequence[dict[str, Any]]:
        """Return of each read model when it last took records in, and how many it has."""
        return [dict(row) for row in await self._views.fetch(AGES, NAMES)]


def _of(row: Any) -> Evidence:  # noqa: ANN401 - a row of any of the tables
    return Evidence(
        row["event_id"], row["source"], row["partition"], row["epoch"], row["feed_position"]
    )


def _added(was: Used | None, its: Used) -> Used:
    if was is None:
        return its
    latest = its if its.last_at >= was.last_at else was
    first, times = min(was.first_at, its.first_at), was.times + its.times
    return Used(its.permission, first, latest.last_at, times, latest.evidence)
