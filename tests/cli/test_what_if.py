"""What a change would do is told before anybody makes it, also to whoever could not make it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

GRANT = "018f0000-0000-7000-8000-00000000f001"
WHERE = "/v1/what-if"
CHANGE: Json = {
    "subject_id": ALICE, "user_name": "alice", "permission": "customer:read",
    "gained": ["team/internal"], "lost": ["own/internal"],
}  # fmt: skip
FOUND: Json = {
    "as_of": "2026-03-03T12:00:00+00:00", "epoch": 1, "position": 7, "people": 3,
    "changes": [CHANGE], "needs_second_person": ["ROLE gets customer:export"],
    "refused": {"code": "level", "detail": "that is above you", "who_can_help": "erin"},
}  # fmt: skip
PEOPLE: Json = {"items": [{"id": ALICE, "user_name": "alice", "version": 2}]}


def a_service() -> StandIn:
    return StandIn(other={WHERE: FOUND, "/v1/subjects": PEOPLE})


def asked(service: StandIn) -> Any:  # noqa: ANN401 - JSON
    (sent,) = service.asked_for(WHERE)
    return json.loads(asyncio.run(sent.body()))


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("leave", "alice"), {"do": "leave"}),
        (("suspend", "alice"), {"do": "suspend"}),
        (("reinstate", "alice"), {"do": "reinstate"}),
        (("revoke", "alice", GRANT), {"do": "revoke_grant", "grant_id": GRANT}),
        (
            ("give", "alice", "viewer", "--scope", "team"),
            {"do": "give_grant", "role": "viewer", "scope": "team"},
        ),
    ],
)
def test_of_one_person_everything_is_asked_by_name(words: tuple[str, ...], command: Json) -> None:
    service = a_service()
    result = daybook(service, "permissions", "what-if", *words, "--as", "bob")
    assert result.exit_code == 0, result.output
    assert asked(service) == {"commands": [{**command, "subject_id": ALICE}]}


def test_who_gains_and_why_you_could_not_is_told_as_of_a_moment() -> None:
    service = a_service()
    words = ("what-if", "retire-role", "viewer", "--at", "2026-03-03T12:00:00", "--as", "bob")
    heading, alice, *rest = lines_of(daybook(service, "permissions", *words).stdout)
    assert heading.split() == ["WHO", "PERMISSION", "GAINS", "LOSES"]
    assert alice.split() == ["alice", "customer:read", "team/internal", "own/internal"]
    assert rest == [
        "… and of 2 more.",
        "Two people must agree to it: ROLE gets customer:export",
        "You could not do it: that is above you (who can help: erin)",
        "computed for 2026-03-03 12:00:00.000 UTC, from permissions up to change 7",
    ]
    assert asked(service) == {
        "commands": [{"do": "retire_role", "role": "viewer"}],
        "as_of": "2026-03-03T12:00:00+00:00",
    }


def test_a_file_that_changes_nothing_says_so(tmp_path: Path) -> None:
    file, nothing = tmp_path / "policy.yaml", {"people": 0, "changes": [], "refused": None}
    file.write_text("daybook_policy: 1\n")
    service = StandIn(other={WHERE: {**FOUND, **nothing, "needs_second_person": []}})
    result = daybook(service, "permissions", "what-if", "file", str(file), "--as", "bob")
    assert lines_of(result.stdout)[0] == "Nobody would gain or lose anything."
    assert len(lines_of(result.stdout)) == 2
    assert asked(service) == {"file": "daybook_policy: 1\n"}


def test_programs_get_everything() -> None:
    result = daybook(
        a_service(), "permissions", "what-if", "leave", "alice", "--json", "--as", "bob"
    )
    assert json.loads(result.stdout)["refused"]["code"] == "level"
