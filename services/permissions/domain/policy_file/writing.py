"""What is, written as a policy file: applied again, it changes nothing."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import yaml

from services.permissions.domain.book import Book
from services.permissions.domain.policy.events import (
    Allowance,
    Title,
)
from services.permissions.domain.policy.state import DataClass, Policy, Role
from services.permissions.domain.policy_file.grants_part import is_default
from services.permissions.domain.review.schedule import ReviewSchedule
from services.permissions.domain.subject.state import Subject, Terms

Entry = dict[str, Any]
Names = Mapping[UUID, str]


PEOPLE: Final = "\nsubjects:\n"
"""Begins the last part of a file; deeper lines, of texts too, begin with a space."""


class _Dumper(yaml.CSafeDumper):
    """Writes in C, and everything out: an anchor is not read back."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's own signature
        """Say that nothing is only named because it was written before."""
        return True


def write_policy(book: Book, at: datetime) -> str:
    """Return the policy and everybody who is there as YAML; grants that are over are left out."""
    teams = _team_names(book)
    content = {
        "daybook_policy": 1,
        "covers": "everything",
        **_policy_part(book.policy),
        "teams": {name: _team(book, team_id) for team_id, name in teams.items()},
        "subjects": _subjects(book, teams, at),
    }
    told = {name: value for name, value in content.items() if value not in ({}, None)}
    written: str = yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return written


def without_people(written: str) -> str:
    """Return a file that `write_policy` wrote without its last part, which is all that is personal.

    Applied, it leaves people as they are.
    """
    return f"{written.partition(PEOPLE)[0]}\n"


def holds_until(book: Book, at: datetime) -> datetime | None:
    """Return until when a file written at that time says the same; None: until a fact changes."""
    ends = (
        end
        for subject in book.subjects.values()
        for end in (
            *(grant.terms.until for grant in subject.grants.values()),
            *subject.sod_exceptions.values(),
        )
        if end is not None and end > at
    )
    return min(ends, default=None)


def _policy_part(policy: Policy) -> Entry:
    classes: dict[str, Entry] = {}
    for (kind, field), its in sorted(policy.data_classes.items()):
        classes.setdefault(kind, {})[field] = _data_class(its)
    return {
        "permissions": {
            name: {"risk": its.risk.value, "title": _title(its.title)}
            for name, its in sorted(policy.permissions.items())
            if not its.is_retired
        },
        "data_classes": classes,
        "roles": {
            name: _role(policy, role)
            for name, role in sorted(policy.roles.items())
            if not role.is_retired
        },
        "sod_rules": {
            name: {"kind": rule.kind, "first": [*rule.first], "second": [*rule.second]}
            for name, rule in sorted(policy.sod_rules.items())
        },
        "review_schedules": {
            name: _schedule(its) for name, its in sorted(policy.review_schedules.items())
        },
        "default_role": policy.default_role,
        "freshness_seconds": {
            risk.value: seconds for risk, seconds in sorted(policy.freshness_seconds.items())
        },
        "resources": _resources(policy),
    }


def _resources(policy: Policy) -> Entry:
    written: dict[str, Entry] = {}
    for (kind, name), its in sorted(policy.resources.items()):
        owner = {} if its.owner is None else {"owner": str(its.owner)}
        more = {"attributes": dict(its.attributes)} if its.attributes else {}
        written.setdefault(kind, {})[name] = owner | more
    return written


def _schedule(its: ReviewSchedule) -> Entry:
    told = its.model_dump(mode="json", exclude={"chosen"}) | its.chosen.model_dump(mode="json")
    return {name: value for name, value in told.items() if value not in (None, [], False)}


def _role(policy: Policy, role: Role) -> Entry:
    entry: Entry = {"level": role.level, "title": _title(role.title)}
    parents = [name for name in role.parents if not policy.roles[name].is_retired]
    if parents:
        entry["parents"] = parents
    entry["permissions"] = {
        name: _allowances(its)
        for name, its in sorted(role.allowances.items())
        if not policy.permissions[name].is_retired
    }
    return entry


def _allowances(allowances: tuple[Allowance, ...]) -> Any:  # noqa: ANN401
    written = [_allowance(one) for one in allowances]
    return written[0] if len(written) == 1 else written


def _allowance(allowance: Allowance) -> str | Entry:
    if allowance.condition is None:
        return f"{allowance.scope.value}/{allowance.clearance.value}"
    return {
        "scope": allowance.scope.value,
        "clearance": allowance.clearance.value,
        "condition": allowance.condition,
    }


def _data_class(its: DataClass) -> str | Entry:
    if its.otherwise == "mask":
        return its.data_class.value
    return {"class": its.data_class.value, "otherwise": its.otherwise}


def _title(title: Title) -> str | Entry:
    return title.en if title.en == title.zh else {"en": title.en, "zh": title.zh}


def _team_names(book: Book) -> Names:
    """Return a name for each team; its id where two are called the same."""
    there = {
        team_id: team.title.en
        for team_id, team in book.teams.items()
        if team.title is not None and not team.is_dissolved
    }
    titles = Counter(there.values())
    return {
        team_id: title if titles[title] == 1 else str(team_id) for team_id, title in there.items()
    }


def _team(book: Book, team_id: UUID) -> Entry:
    title = book.team(team_id).title
    return {"id": str(team_id), "title": None if title is None else _title(title)}


def _subjects(book: Book, teams: Names, at: datetime) -> Entry:
    names = {
        subject_id: subject.user_name
        for subject_id, subject in book.subjects.items()
        if subject.is_there and subject.user_name is not None
    }
    return {
        name: _subject(book.policy, subject_id, book.subject(subject_id), names, teams, at)
        for subject_id, name in names.items()
    }


def _subject(
    policy: Policy, subject_id: UUID, subject: Subject, names: Names, teams: Names, at: datetime
) -> Entry:
    place = subject.place
    entry: Entry = {
        "id": str(subject_id),
        "kind": subject.kind,
        "display_name": subject.display_name,
        "emails": [*subject.emails],
        "identifiers": [*subject.identifiers],
        "manager": _name(names, place.manager),
        "owner": _name(names, place.owner),
        "department": place.department,
        "teams": [teams.get(team_id, str(team_id)) for team_id in place.teams],
        "attributes": dict(subject.attributes),
        "trusted_caller": subject.is_trusted_caller or None,
        "suspended": None if subject.is_active else True,
        "sod_exceptions": {
            rule: _moment(until)
            for rule, until in sorted(subject.sod_exceptions.items())
            if until > at
        },
    }
    told = {name: value for name, value in entry.items() if value not in (None, [], {})}
    return {**told, "grants": _grants(policy, subject, at)}


def _name(names: Names, subject_id: UUID | None) -> str | None:
    return None if subject_id is None else names.get(subject_id, str(subject_id))


def _grants(policy: Policy, subject: Subject, at: datetime) -> list[str | Entry]:
    return [
        _terms(grant.terms)
        for grant in subject.grants.values()
        if not grant.is_break_glass
        and not grant.terms.is_over(at)
        and not is_default(policy, grant.terms)
    ]


def _terms(terms: Terms) -> str | Entry:
    if terms == Terms(role=terms.role):
        return str(terms.role)
    entry: Entry = {
        "role": terms.role,
        "permission": terms.permission,
        "effect": None if terms.effect == "allow" else terms.effect,
        "scope": None if terms.scope is None else terms.scope.value,
        "clearance": None if terms.clearance is None else terms.clearance.value,
        "records": None if terms.records is None else [*terms.records],
        "from": None if terms.starts is None else _moment(terms.starts),
        "until": None if terms.until is None else _moment(terms.until),
        "condition": terms.condition,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
