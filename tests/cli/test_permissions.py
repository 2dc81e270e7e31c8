"""An administrator sees who gains and who loses before a policy file is applied."""

import asyncio
import json
from pathlib import Path

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

CHANGE: Json = {"subject_id": ALICE, "user_name": "alice", "permission": "customer:read",
    "gained": ["team/internal"], "lost": []}  # fmt: skip
ASKED: Json = {"subject_id": ALICE, "user_name": "alice", "role": "crm_admin", "permission": None}
RISK = "the risk of customer:export falls from critical to normal"
GONE = "line 12, subjects[3]: left, and stays gone; take the entry out of the file"
PLANNED: Json = {
    "applied": False, "events": 2, "changes": [CHANGE], "requested": [ALICE],
    "requests": [ASKED], "needs_second_person": [RISK], "stays_gone": [GONE],
}  # fmt: skip
FILE = "daybook_policy: 1\nreason: 因为\n"


def test_a_dry_run_says_who_gains_and_what_somebody_else_must_approve(tmp_path: Path) -> None:
    service, file = StandIn(other={"/v1/policy": PLANNED}), tmp_path / "policy.yaml"
    file.write_text(FILE)
    result = daybook(service, "permissions", "apply", str(file), "--dry-run", "--as", "bob")
    assert result.exit_code == 0, result.output
    heading, alice, requested, gone, total, danger, fix = lines_of(result.stdout)
    assert heading.split() == ["WHO", "PERMISSION", "GAINS", "LOSES"]
    assert alice.split() == ["alice", "customer:read", "team/internal"]
    assert requested == "Would be requested: crm_admin for alice; somebody else must approve it."
    assert gone == f"Not brought back: {GONE}"
    assert total == "2 events would change it."
    assert danger == f"Two people must agree to it: {RISK}"
    assert fix == f"Let somebody else agree first: daybook permissions agree {file}"
    (asked,) = service.asked_for("/v1/policy")
    assert asked.headers["Idempotency-Key"]


def test_what_is_applied_says_no_more_that_somebody_must_agree(tmp_path: Path) -> None:
    done = {**PLANNED, "applied": True}
    service, file = StandIn(other={"/v1/policy": done}), tmp_path / "policy.yaml"
    file.write_text(FILE)
    result = daybook(service, "permissions", "apply", str(file), "--as", "bob")
    assert lines_of(result.stdout)[2:] == [
        "Requested: crm_admin for alice; somebody else must approve it.",
        f"Not brought back: {GONE}",
        "2 events changed it.",
    ]


def test_somebody_else_agrees_to_the_very_file(tmp_path: Path) -> None:
    where = "/v1/policy/approvals"
    service, file = StandIn(other={where: {"needs_second_person": [RISK]}}), tmp_path / "p.yaml"
    file.write_text(FILE)
    result = daybook(service, "permissions", "agree", str(file), "--as", "bob")
    assert lines_of(result.stdout) == [
        f"Agreed: {RISK}", f"Within a week somebody else may: daybook permissions apply {file}",
    ]  # fmt: skip
    (asked,) = service.asked_for(where)
    assert json.loads(asyncio.run(asked.body())) == {"file": FILE}


def test_an_export_is_the_file_as_it_is() -> None:
    service = StandIn(other={"/v1/policy": {"file": FILE, "version": 3}})
    result = daybook(service, "permissions", "export", "--as", "bob")
    assert result.stdout == FILE
