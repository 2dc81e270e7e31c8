"""The same entry that answers a check, as a WHERE: a row is listed exactly if its check allows it.

Nothing is materialised per row: scope is the owner's membership, so a reorganisation touches none.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from shared.authorization.allowances import Allowance
from shared.authorization.compiling import Denial, Entry, ways_of
from shared.authorization.condition_sql import Bind, Column, Row, condition_sql
from shared.authorization.conditions import AllOf, Condition, can_be_stored
from shared.authorization.deciding import Answer, decide
from shared.authorization.questions import PLAINLY, Circumstances, Record, facts_of
from shared.authorization.scopes import Scope
from shared.authorization.state import ALL, RESTRICTED
from shared.authorization.world import World

NOTHING: Final = "false"
EVERYTHING: Final = "true"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a statement has what decisions look at; every text is SQL of the statement's own."""

    type: str
    """The resource type of all its rows."""
    id: str
    """Never null."""
    owner: str
    """The subject who owns the row, or null."""
    sensitivity: str = "null"
    """The rank of its Clearance; null: restricted."""
    key_type: Literal["uuid", "text"] = "uuid"
    """What id and owner are."""
    owner_type: Literal["uuid", "text"] | None = None
    """What the owner is, if it is not what the id is."""
    attributes: Mapping[str, Column] = field(default_factory=dict)
    """resource.<name> → its column; what has none is missing."""
    sealed: Collection[str] = ()
    """What rows may have besides and nobody can read here, as in Record."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A condition for a WHERE, to be joined with `and`: what is null or false is not listed."""

    sql: str
    answer: Answer
    """Whether there may be rows at all, and if not why."""
    owners: frozenset[str] | None = None
    """Nobody else's rows are listed; None: anybody's may be. Good for a way to find them."""


def row_filter(
    world: World,
    subject: str,
    permission: str,
    columns: Columns,
    bind: Bind,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
    done: Mapping[str, Collection[str]] | None = None,
) -> RowFilter:
    """Return what selects exactly the rows whose check allows them at `now`.

    Args:
        world: the replica's current world.
        subject: who lists.
        permission: what for.
        columns: what the statement calls things.
        bind: takes values into the statement, for example `Values.add`.
        now: microseconds since 1970; the filter is for this moment and not to be kept.
        age: the world's, in seconds.
        around: as in `decide`; its deeds are of no use here.
        done: permission → ids of the records on which these hands used it. Without it nothing is
            listed for a permission that a dynamic rule keeps apart from others.
    """
    answer = decide(world, subject, permission, None, now, age, around)
    entry = world.entry(subject)
    if not answer[0] or entry is None:
        return RowFilter(NOTHING, answer, frozenset())
    values = _Values()
    writer = FilterWriter(world, entry, subject, columns, values.mark, now, around)
    ways = writer.ways(ways_of(world.policy, entry, permission))
    but = [
        *writer.denials(entry.denied.get(permission, ())),
        *writer.duties(permission, done),
    ]
    sql = values.bound(_and([ways, *(_not(one) for one in but)]), bind)
    return RowFilter(sql, answer, writer.owners)


class _Values:
    """Values are bound when the filter is written: PostgreSQL refuses one that is not mentioned."""

    def __init__(self) -> None:
        self._values: list[object] = []

    def mark(self, value: object) -> str:
        self._values.append(value)
        return f"\0{len(self._values) - 1}\0"

    def bound(self, sql: str, bind: Bind) -> str:
        mentions: dict[str, str] = {}

        def mention(mark: re.Match[str]) -> str:
            if mark[1] not in mentions:
                mentions[mark[1]] = bind(self._values[int(mark[1])])
            return mentions[mark[1]]

        return re.sub("\0([0-9]+)\0", mention, sql)


class FilterWriter:
    """Writes one filter; what is bound once is mentioned again."""

    def __init__(
        self, world: World, entry: Entry, subject: str, columns: Columns, bind: Bind, now: int,
        around: Circumstances,
    ) -> None:  # fmt: skip
        self._world, self._entry, self._subject = world, entry, subject
        self._columns, self._bind, self._now = columns, bind, now
        self._row = Row(
            {
                **columns.attributes,
                "id": Column(f"({columns.id})::text", "text"),
                "owner": Column(f"({columns.owner})::text", "text"),
            },
            facts_of(
                subject, entry.subject, Record(columns.type, "", sealed=columns.sealed), around
            ),
            bind,
        )
        self._scopes: dict[int, str] = {}
        self.owners: frozenset[str] | None = frozenset()
        """Whose rows the ways written so far reach; None: anybody's."""

    def ways(self, ways: Iterable[Allowance]) -> str:
        """Return what selects the rows that one of the ways reaches."""
        return _or([self._way(way) for way in ways])

    def denials(self, denials: Iterable[Denial]) -> list[str]:
        """Return what selects the rows that each denial denies."""
        return [self._denial(denial) for denial in denials]

    def duties(self, permission: str, done: Mapping[str, Collection[str]] | None) -> list[str]:
        """Return what selects the rows on which another duty was done, for each rule."""
        exceptions = self._entry.subject.exceptions
        found: list[str] = []
        for rule, others in self._world.policy.duties.get(permission, ()):
            if exceptions.get(rule, self._now) <= self._now:
                if done is None:
                    return [EVERYTHING]
                found += [self._ids(done.get(other, ())) for other in sorted(others)]
        return found

    def _way(self, way: Allowance) -> str:
        parts = [self._scope(way.scope)]
        if way.scope == ALL:
            self.owners = None
        if way.clearance < RESTRICTED:
            parts.append(f"coalesce({self._columns.sensitivity}, {RESTRICTED}) <= {way.clearance}")
        more = way.more
        if more is not None:
            if not more.since <= self._now < more.until:
                return NOTHING
            parts.append(self._records(more.records))
            parts.append(self._condition(more.conditions, unknown=False))
        return _and(parts)

    def _denial(self, denial: Denial) -> str:
        more = denial.more
        if more is None:
            return EVERYTHING
        if not more.since <= self._now < more.until:
            return NOTHING
        return _and([self._records(more.records), self._condition(more.conditions, unknown=True)])

    def _scope(self, scope: int) -> str:
        if scope == ALL:
            return EVERYTHING
        if scope not in self._scopes:
            self._scopes[scope] = self._members(scope)
        return self._scopes[scope]

    def _members(self, scope: int) -> str:
        membership, mine = self._world.membership, self._entry.subject
        members = {self._subject}
        if scope >= Scope.TEAM.rank:
            members |= membership.of_teams(mine.teams)
        if scope >= Scope.DEPARTMENT.rank:
            members |= membership.of_department(mine.department)
        owner, type_ = self._columns.owner, self._columns.owner_type or self._columns.key_type
        able = self._able(members, type_)
        if not able:
            return NOTHING
        if self.owners is not None:
            self.owners = self.owners.union(able)
        if len(able) == 1:
            return f"{owner} = {self._bind(able[0])}::{type_}"
        # NULL is in no list: a row that nobody owns is not listed.
        return f"{owner} = any({self._bind(able)}::{type_}[])"

    def _records(self, records: Collection[str] | None) -> str:
        return EVERYTHING if records is None else self._ids(records)

    def _ids(self, ids: Collection[str]) -> str:
        able = self._able(ids, self._columns.key_type)
        if not able:
            return NOTHING
        return f"{self._columns.id} = any({self._bind(able)}::{self._columns.key_type}[])"

    def _able(self, keys: Iterable[str], type_: str) -> list[str]:
        """Return the keys that the column can hold; no other can be equal to one of its values."""
        if type_ == "uuid":
            return [key for key in keys if _UUID.fullmatch(key)]
        return [key for key in keys if can_be_stored(key)]

    def _condition(self, conditions: tuple[Condition, ...], *, unknown: bool) -> str:
        term = condition_sql(AllOf(conditions), self._row)
        if isinstance(term, str):
            return f"({term} is not false)" if unknown else f"({term} is true)"
        holds = unknown if term is None else term
        return EVERYTHING if holds else NOTHING


def _and(parts: Iterable[str]) -> str:
    return _joined(parts, "and", neutral=EVERYTHING, certain=NOTHING)


def _or(parts: Iterable[str]) -> str:
    return _joined(parts, "or", neutral=NOTHING, certain=EVERYTHING)


def _joined(parts: Iterable[str], word: str, *, neutral: str, certain: str) -> str:
    left = [part for part in parts if part != neutral]
    if certain in left:
        return certain
    if not left:
        return neutral
    return left[0] if len(left) == 1 else f"({f' {word} '.join(left)})"


def _not(part: str) -> str:
    return {EVERYTHING: NOTHING, NOTHING: EVERYTHING}.get(part, f"(not {part})")
