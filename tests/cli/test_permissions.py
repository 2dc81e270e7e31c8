"""An administrator sees who gains and who loses before a policy file is applied."""

from pathlib import Path

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

CHANGE: Json = {"subject_id": ALICE, "user_name": "alice", "permission": "customer:read",
    "gained": ["team/internal"], "lost": []}  # fmt: skip
PLANNED: Json = {"applied": False, "events": 2, "changes": [CHANGE], "requested": [ALICE]}
FILE = "daybook_policy: 1\nreason: 因为\n"


def test_a_dry_run_says_who_gains_and_what_somebody_else_must_approve(tmp_path: Path) -> None:
    service, file = StandIn(other={"/v1/policy": PLANNED}), tmp_path / "policy.yaml"
    file.write_text(FILE)
    result = daybook(service, "permissions", "apply", str(file), "--dry-run", "--as", "bob")
    assert result.exit_code == 0, result.output
    heading, alice, requested, total = lines_of(result.stdout)
    assert heading.split() == ["WHO", "PERMISSION", "GAINS", "LOSES"]
    assert alice.split() == ["alice", "customer:read", "team/internal"]
    assert requested == f"Requested for {ALICE}: somebody else must approve it."
    assert total == "2 events would change it."
    (asked,) = service.asked_for("/v1/policy")
    assert asked.headers["Idempotency-Key"]


def test_an_export_is_the_file_as_it_is() -> None:
    service = StandIn(other={"/v1/policy": {"file": FILE, "version": 3}})
    result = daybook(service, "permissions", "export", "--as", "bob")
    assert result.stdout == FILE
