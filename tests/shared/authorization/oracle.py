"""The meaning of a policy, told in the plainest way: no entry, no ranks, nothing shared, slow."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.authorization.conditions import parse_condition
from shared.authorization.questions import Record
from shared.authorization.truth import evaluate
from tests.shared.authorization.random_worlds import CLEARANCES, SCOPES, Known

Deeds = Mapping[str, Collection[str]]


class Oracle:
    """Answers yes or no, from what was given alone."""

    def __init__(self, known: Known, now: datetime, context: dict[str, object]) -> None:
        self._known, self._now, self._context = known, now, context

    def allows(self, subject: str, permission: str, record: Record, deeds: Deeds) -> bool:
        """Say whether one way allows it, nothing denies it and no duty stands against it."""
        if not self._is_at_work(subject):
            return False
        grants = [one for one in self._known.grants[subject] if self._is_in_force(one, record)]
        for grant in grants:
            if grant["effect"] == "deny" and self._withholds(grant, subject, permission, record):
                return False
        if not any(
            grant["effect"] == "allow" and self._gives(grant, subject, permission, record)
            for grant in grants
        ):
            return False
        return not any(
            subject in deeds.get(other, ())
            for pair in self._known.duties
            for one, other in (pair, pair[::-1])
            if one == permission
        )

    def _is_at_work(self, subject: str | None) -> bool:
        while subject is not None:
            facts = self._known.subjects[subject]
            if facts["state"] != "active":
                return False
            if facts["owner"] == subject or self._owns_in_a_circle(subject):
                return False
            subject = facts["owner"]
        return True

    def _owns_in_a_circle(self, subject: str) -> bool:
        seen: set[str] = set()
        at: str | None = subject
        while at is not None and at not in seen:
            seen.add(at)
            at = self._known.subjects[at]["owner"]
        return at is not None

    def _is_in_force(self, grant: dict[str, Any], record: Record) -> bool:
        since, until = grant.get("from"), grant.get("until")
        if since is not None and self._now < datetime.fromisoformat(since):
            return False
        if until is not None and self._now >= datetime.fromisoformat(until):
            return False
        return "records" not in grant or record.id in grant["records"]

    def _withholds(
        self, grant: dict[str, Any], subject: str, permission: str, record: Record
    ) -> bool:
        if self._worth(grant, subject, record) is False:
            return False
        if "permission" in grant:
            return bool(grant["permission"] == permission)
        return any(permission in self._known.roles[one] for one in self._all(grant["role"]))

    def _gives(self, grant: dict[str, Any], subject: str, permission: str, record: Record) -> bool:
        if self._worth(grant, subject, record) is not True:
            return False
        return any(
            self._worth(way, subject, record) is True
            and self._reaches(self._least(SCOPES, way, grant, "scope"), subject, record.owner)
            and self._sees(self._least(CLEARANCES, way, grant, "clearance"), record)
            for way in self._ways(grant, permission)
        )

    def _ways(self, grant: dict[str, Any], permission: str) -> Iterator[dict[str, Any]]:
        if "permission" in grant:
            if grant["permission"] == permission:
                yield {"scope": "all", "clearance": "restricted"}
            return
        for role in self._all_in_use(grant["role"]):
            yield from self._known.roles[role].get(permission, [])

    def _all(self, role: str) -> set[str]:
        return {role}.union(*(self._all(parent) for parent in self._known.parents[role]))

    def _all_in_use(self, role: str) -> set[str]:
        if role in self._known.retired:
            return set()
        return {role}.union(*(self._all_in_use(one) for one in self._known.parents[role]))

    def _least(
        self, ladder: list[str], way: dict[str, Any], grant: dict[str, Any], name: str
    ) -> str:
        both: tuple[str, str] = way[name], grant.get(name, ladder[-1])
        return min(both, key=ladder.index)

    def _reaches(self, scope: str, subject: str, owner: str | None) -> bool:
        if scope == "all":
            return True
        if owner is None or owner == subject:
            return owner is not None
        me, other = self._known.subjects[subject], self._known.subjects.get(owner)
        if other is None or scope == "own":
            return False
        if any(team in other["teams"] for team in me["teams"]):
            return True
        if scope == "team":
            return False
        mine, its = me["department"], other["department"]
        if mine is None or its is None:
            return False
        above: list[str] = mine.split("/")
        return bool(its.split("/")[: len(above)] == above)

    def _sees(self, clearance: str, record: Record) -> bool:
        rank = 3 if record.sensitivity is None else record.sensitivity
        return CLEARANCES.index(clearance) >= rank

    def _worth(self, way: dict[str, Any], subject: str, record: Record) -> bool | None:
        if "condition" not in way:
            return True
        facts = self._known.subjects[subject]
        return evaluate(
            parse_condition(way["condition"]),
            {
                "subject": {**facts["attributes"], "id": subject, "teams": facts["teams"]},
                "resource": {
                    **record.attributes, "id": record.id, "owner": record.owner, "type": record.type
                },
                "context": self._context,
            },
        )  # fmt: skip
