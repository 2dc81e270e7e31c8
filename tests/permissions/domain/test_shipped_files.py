"""A file that comes along for another program changes nothing of Daybook's own, nor anybody's."""

from pathlib import Path

import pytest
import yaml

from services.permissions.domain.policy.state import Policy
from services.permissions.domain.rights import differences, standing_of
from tests.permissions.domain.files import DEFAULT, PEOPLE, PROJECT, Desk, demo

OTHERS = sorted((PROJECT / "demo").glob("*.yaml"))
PARTS = ("permissions", "roles", "sod_rules", "review_schedules", "data_classes", "resources")
OWN = frozenset(yaml.safe_load(DEFAULT.read_text())["permissions"])


def ids(path: Path) -> str:
    return path.stem


def of_daybook(policy: Policy, start: Policy) -> list[object]:
    """Return of a policy what another one defines."""
    its = [
        {name: getattr(policy, part).get(name) for name in getattr(start, part)} for part in PARTS
    ]
    return [*its, policy.default_role, dict(policy.freshness_seconds)]


def gained_and_lost(before: Desk, after: Desk) -> dict[str, list[str]]:
    """Return of everybody what changed of rights at Daybook's own types, by their name."""
    told = {}
    for subject_id in before.book.subjects:
        was, now = (
            standing_of(desk.book.policy, desk.book.subject(subject_id)) for desk in (before, after)
        )
        changed = [one.permission for one in differences(was, now) if one.permission in OWN]
        if changed:
            told[before.book.subjects[subject_id].user_name or str(subject_id)] = changed
    return told


@pytest.mark.parametrize("path", OTHERS, ids=ids)
def test_a_shipped_file_leaves_what_daybook_starts_with_as_it_is(path: Path) -> None:
    before, after = demo(), demo()
    after.apply(path)
    start = before.book.policy
    assert of_daybook(after.book.policy, start) == of_daybook(start, start)
    assert gained_and_lost(before, after) == {}
    assert after.apply(DEFAULT).facts == ()


@pytest.mark.parametrize("path", [one for one in OTHERS if one != PEOPLE], ids=ids)
def test_whoever_a_shipped_file_adds_has_of_daybook_what_everybody_has_who_joins(
    path: Path,
) -> None:
    before, after = demo(), demo()
    after.apply(path)
    policy, book = after.book.policy, after.book
    joiner = set(policy.roles["joiner"].allowances)
    for subject_id in book.subjects.keys() - before.book.subjects.keys():
        has = standing_of(policy, book.subject(subject_id)).allowed.keys()
        assert has & OWN == joiner


def test_the_files_that_are_looked_at_are_all_that_come_along() -> None:
    shipped = {
        path
        for room in ("demo", "deploy", "services")
        for path in (PROJECT / room).rglob("*.yaml")
        if "daybook_policy" in path.read_text()
    }
    assert shipped == {*OTHERS, DEFAULT}
