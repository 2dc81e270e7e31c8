"""Ordinary allowances are counted as they come, so that what is told of them is made when it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from shared.authorization.codes import Code
from shared.authorization.noting import BEGINNING, kind_of
from shared.authorization.reading import moment
from shared.authorization.rights import Noted
from shared.authorization.scopes import Risk
from shared.web.alike import Alike
from shared.web.repeats import Counted

TAKES_OUT: Final = (":export", ":access_file")
"""What data leaves by, however often somebody may."""

_Allowed = tuple[str, str, str | None, str | None]
"""Subject, permission, resource type, and who asked if it was somebody else."""


class Allowances:
    """How often each was allowed, first and last: each check counts here."""

    def __init__(self) -> None:
        self._counted: dict[_Allowed, list[int]] = {}
        self._kinds: dict[str, str | None] = {}

    def has_counted(self, noted: Noted) -> bool:
        """Count what is ordinary; say whether it was."""
        rights, permission, record, answer = noted
        if not answer[0] or rights.around.actor is not None:
            return False
        facts = rights.basis.world.policy.permissions.get(permission)
        if facts is None or facts.risk == Risk.CRITICAL or permission.endswith(TAKES_OUT):
            return False
        at, subject = rights.basis.now, rights.subject
        key = (subject, permission, None if record is None else record.type, rights.asked_by)
        counted = self._counted.get(key)
        if counted is not None and at >= counted[2]:
            counted[0] += 1
            counted[2] = at
        else:
            self._count(key, kind_of(rights.basis.world, subject), 1, at, at)
        return True

    def take(self) -> Iterator[tuple[Alike, Counted]]:
        """Return what was counted, and forget it."""
        allowed, self._counted = self._counted, {}
        kinds, self._kinds = self._kinds, {}
        for (subject, permission, type_, asked_by), (times, first, last) in allowed.items():
            alike = Alike(
                subject, kinds[subject], None, permission, type_, True, Code.ALLOWED.value, asked_by
            )
            yield alike, Counted(times, _time(first), _time(last))

    def put_back(self, alike: Alike, counted: Counted) -> None:
        """Add what could not be told to what is counted now."""
        key = (alike.subject, alike.permission, alike.resource_type, alike.asked_by)
        first, last = moment(counted.first_at), moment(counted.last_at)
        self._count(key, alike.kind, counted.times, first, last)

    def _count(self, key: _Allowed, kind: str | None, times: int, first: int, last: int) -> None:
        counted = self._counted.setdefault(key, [0, first, last])
        counted[:] = counted[0] + times, min(counted[1], first), max(counted[2], last)
        self._kinds[key[0]] = kind


def _time(microseconds: int) -> datetime:
    return BEGINNING + timedelta(microseconds=microseconds)
