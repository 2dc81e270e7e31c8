"""Who left is seen at the terminal, and of one leaver who refuses them and who said nothing."""

from typing import Final

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

LEFT: Final[Json] = {
    "subject": {"id": ALICE, "display_name": "Alice", "version": 9},
    "left_at": "2026-03-03T12:00:00+00:00",
    "by": {"id": "00000000-0000-4000-8000-000000000110", "kind": "service"},
}
PROCESS: Final[Json] = {
    "process": "customers/api/3f9c2a1b", "applied_ms": 31, "is_at_start": False,
    "first_refusal_ms": 44, "refusals": 7, "ended": [{"kind": "watch", "ms": 412}],
}  # fmt: skip
SERVICES: Final[list[Json]] = [
    {"service": "audit", "is_expected": True, "state": "not_told", "why": "nobody told"},
    {"service": "customers", "is_expected": True, "state": "told", "processes": [
        PROCESS, {"process": "customers/worker/1", "applied_ms": 5_000, "is_at_start": True},
        {"process": "customers/worker/7", "state": "not_heard_since", "last_heard_seconds": 61.4},
    ]},
]  # fmt: skip


def test_who_left_is_listed() -> None:
    service = StandIn(other={"/v1/leavers": {"items": [LEFT], "next_page_token": None}})
    result = daybook(service, "leavers", "--as", "dave")
    assert result.exit_code == 0, result.output
    assert lines_of(result.stdout)[1].split() == [
        "Alice", "2026-03-03", "12:00:00.000", "UTC", "directory", ALICE,
    ]  # fmt: skip


def test_of_one_leaver_each_process_is_shown_and_who_told_nothing() -> None:
    one: Json = {
        **LEFT, "bound": {"fresh_ms": 1000}, "services": SERVICES, "not_told": ["audit"],
        "are_permissions_old": True,
    }  # fmt: skip
    service = StandIn(other={f"/v1/leavers/{ALICE}": one})
    result = daybook(service, "leavers", ALICE, "--as", "dave")
    assert result.exit_code == 0, result.output
    said = lines_of(result.stdout)
    assert said[0] == "Alice left 2026-03-03 12:00:00.000 UTC, let go by directory"
    assert all(one in said[2] for one in ("31 ms", "44 ms", "watch after 412 ms"))
    assert "5000 ms (just begun)" in said[3]
    assert said[5] == "not known of audit: nobody told"
    assert said[6] == "customers/worker/7: not heard since, last heard of 61 s ago"
    assert said[7].startswith("permissions are old here")
    assert said[8] == "promised: within 1000 ms wherever permissions are fresh"
    why: Json = {"reason": "Moved to the sea", "ticket": "HR-7"}
    service = StandIn(other={f"/v1/leavers/{ALICE}": {**one, **why}})
    said = lines_of(daybook(service, "leavers", ALICE, "--as", "dave").stdout)
    assert said[1] == "why: Moved to the sea (HR-7)"
