"""What is decided while candidates are looked at for one answer is counted, not told one by one.

A search says what may be done: nobody wanted to do it, and nobody was refused.
"""

from collections import Counter
from typing import Final, Self

from shared.authorization.codes import Code
from shared.authorization.noting import UNDEFINED, kind_of, permission_told
from shared.authorization.rights import Noted, Rights
from shared.web.alike import Alike
from shared.web.decision_log import DecisionLog

MANY: Final = "*"
"""The subject of what was decided of many."""


class Search:
    """The decisions of one search: `noted` takes each, and at its end all are in the log."""

    def __init__(self, log: DecisionLog, asked_by: str, *, of_many: bool = False) -> None:
        """Count for whoever searches; `of_many`: it looks at many subjects, not at one."""
        self._log = log
        self._asked_by = asked_by
        self._of_many = of_many
        self._times: Counter[tuple[str, str | None, bool, Code]] = Counter()
        self._rights: Rights | None = None

    def noted(self, noted: Noted) -> None:
        """Count one decision."""
        rights, permission, record, answer = noted
        self._rights = rights
        type_ = None if record is None else record.type
        self._times[permission, type_, answer[0], answer[1]] += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hand the counts to the log, which tells them when their minute is over."""
        if self._rights is None:
            return
        world, subject = self._rights.basis.world, self._rights.subject
        kind = None if self._of_many else kind_of(world, subject)
        for (permission, type_, is_allowed, code), times in self._times.items():
            told = permission_told(world, permission)
            alike = Alike(
                MANY if self._of_many else subject, kind, None, told,
                None if told == UNDEFINED else type_, is_allowed, code.value, self._asked_by,
                is_search=True,
            )  # fmt: skip
            self._log.searched(alike, times)
