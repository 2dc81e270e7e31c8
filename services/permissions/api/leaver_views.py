"""How a leaving is shown: what each process told of it, in milliseconds, and what is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel

from services.permissions.api.reach import Reached
from services.permissions.api.subject_bodies import SubjectListed
from services.permissions.application.leavers import FRESH_MS, Left
from services.permissions.projections.leaving_records import ToldByService
from shared.authorization.fields import Outcome
from shared.authorization.leaving import late_ms
from shared.authorization.permissions import Permission
from shared.authorization.policy import Policy
from shared.authorization.scopes import Risk
from shared.authorization.world import World

State = Literal["told", "partly_told", "not_told", "not_known"]
ProcessState = Literal["refuses", "silent", "not_heard_since", "heard_only_since"]
BOUND: Final = timedelta(milliseconds=FRESH_MS)
UNREAD: Final = "none of its records was ever read here"
SILENT: Final = "none of its processes told that it refuses this subject, nor refused it"
PARTLY: Final = "a process of it is heard of since, and told neither that it refuses, nor refused"


class By(BaseModel):
    """Who let somebody go: a person, or the program of an identity provider.

    `kind` is null of somebody of whom the caller does not see it.
    """

    id: str
    kind: str | None


class Bound(BaseModel):
    """Within how many milliseconds a process refuses who left: what is promised.

    Cut off from news, a process goes on at most as long as the risk of what is asked allows.
    """

    fresh_ms: int
    cut_off_ms: dict[str, int]


class EndedView(BaseModel):
    """Work that was cut, milliseconds after the leaving; `evidence` is its record.

    `service_account`: null of the leaver's own work, and where the caller does not see whose the
    account is.
    """

    kind: str
    operation: str
    target: str | None
    service_account: str | None
    ended_at: datetime
    ms: int
    evidence: str


class ProcessView(BaseModel):
    """What one process told; null is what it did not tell.

    `refuses`: it said so, or did; `silent`: it was there before and since, and told neither;
    `not_heard_since`: it told nothing more of anybody; `heard_only_since`: it told nothing of
    anybody before. `last_heard_seconds`: so long ago it told the last that is known.
    `service_accounts`: null, too, where the caller does not see whose every account is.
    """

    process: str
    state: ProcessState
    applied_at: datetime | None
    applied_ms: int | None
    within_bound: bool | None
    is_at_start: bool | None
    service_accounts: int | None
    permissions_epoch: int | None
    permissions_position: int | None
    evidence: str | None
    first_refusal_ms: int | None
    first_refusal_evidence: str | None
    last_refusal_at: datetime | None
    refusals: int
    last_heard_at: datetime | None
    last_heard_seconds: float | None
    ended: list[EndedView]


class ServiceView(BaseModel):
    """What one service told. `records_age_seconds`: when its newest record was read here."""

    service: str
    is_expected: bool
    state: State
    why: str | None
    records_read_at: datetime | None
    records_age_seconds: float | None
    processes: list[ProcessView]


class LeaverListed(BaseModel):
    """Somebody who left."""

    subject: SubjectListed
    left_at: datetime
    by: By
    evidence: str


class LeaverPage(BaseModel):
    """A page of leavers; next_page_token is null on the last one."""

    items: list[LeaverListed]
    next_page_token: str | None


class LeaverView(LeaverListed):
    """Somebody who left, and what each service told of it until `as_of`.

    `are_permissions_old`: a service that was let in lately may be missing among the expected ones.
    `reason` and `ticket`: why, if it was said; absent for whoever does not see the field `reason`.
    """

    reason: str | None = None
    ticket: str | None = None
    as_of: datetime
    permissions_age_seconds: float
    are_permissions_old: bool
    bound: Bound
    services: list[ServiceView]
    not_told: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which leaving it is asked, by whom and when.

    Args:
        left: the leaving.
        now: when it is asked.
        reached: what the caller sees.
        are_accounts_counted: whether the caller may know how many accounts somebody has.
    """

    left: Left
    now: datetime
    reached: Reached
    are_accounts_counted: bool


def bound_of(policy: Policy) -> dict[str, Any]:
    """Return what is promised."""
    cut_off = {str(risk.value): round(policy.limit(risk.value) * 1_000) for risk in Risk}
    return {"fresh_ms": FRESH_MS, "cut_off_ms": cut_off}


def listed(left: Left, subject: Mapping[str, Any], kind: str | None) -> dict[str, Any]:
    """Return a leaving as a list shows it."""
    by = {"id": left.by, "kind": kind}
    return {"subject": subject, "left_at": left.left_at, "by": by, "evidence": left.evidence}


def service_view(
    service: str,
    told: ToldByService | None,
    asked: Asked,
    *,
    is_expected: bool,
) -> dict[str, Any]:
    """Return what one service told as a caller sees it; None: nothing of it is ever read."""
    read_at = None if told is None else told.read_at
    processes = [] if told is None else _processes(told, asked)
    state = _state(processes)
    if told is None or (read_at is None and not processes):
        state = "not_known"
    whys: Mapping[State, str | None] = {
        "told": None, "partly_told": PARTLY, "not_told": SILENT, "not_known": UNREAD,
    }  # fmt: skip
    return {
        "service": service,
        "is_expected": is_expected,
        "state": state,
        "why": whys[state],
        "records_read_at": read_at,
        "records_age_seconds": None if read_at is None else _age(read_at, asked.now),
        "processes": processes,
    }


def _state(processes: Sequence[Mapping[str, Any]]) -> State:
    states = {one["state"] for one in processes}
    if "refuses" not in states:
        return "not_told"
    return "partly_told" if "silent" in states else "told"


def _age(then: datetime, now: datetime) -> float:
    return max(0.0, round((now - then).total_seconds(), 3))


def _processes(told: ToldByService, asked: Asked) -> list[dict[str, Any]]:
    left = asked.left
    applied = {one["process"]: one for one in reversed(told.applied)}
    refused = {one["process"]: one for one in told.refused}
    heard = {one["process"]: one for one in told.heard}
    cut = {one["process"] for one in told.ended}
    states: dict[str, ProcessState] = {
        **{name: _unproven(one, left) for name, one in heard.items()},
        **{name: "silent" for name in cut if name not in heard or not heard[name]["was_there"]},
        **dict.fromkeys((*applied, *refused), "refuses"),
    }
    return [
        {
            "process": name,
            "state": state,
            **_applied(applied.get(name), asked),
            **_refused(refused.get(name), left),
            **_heard(heard.get(name), asked.now),
            "ended": [_ended(one, asked) for one in told.ended if one["process"] == name],
        }
        for name, state in sorted(states.items())
    ]


def _unproven(heard: Mapping[str, Any], left: Left) -> ProcessState:
    if not heard["was_there"]:
        return "heard_only_since"
    return "silent" if heard["last_at"] > left.left_at + BOUND else "not_heard_since"


def _heard(row: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    at = None if row is None else row["last_at"]
    return {"last_heard_at": at, "last_heard_seconds": None if at is None else _age(at, now)}


def _applied(row: Mapping[str, Any] | None, asked: Asked) -> dict[str, Any]:
    ms = None if row is None else late_ms(asked.left.left_at, row["applied_at"])
    is_at_start = None if row is None else row["is_at_start"]
    counted = row["service_accounts"] if row is not None and asked.are_accounts_counted else None
    return {
        **{name: None if row is None else row[name] for name in ("applied_at", "evidence")},
        "service_accounts": counted,
        "applied_ms": ms,
        "within_bound": _is_within_bound(ms, is_at_start=is_at_start),
        "is_at_start": is_at_start,
        "permissions_epoch": None if row is None else row["epoch"],
        "permissions_position": None if row is None else row["position"],
    }


def _is_within_bound(ms: int | None, *, is_at_start: bool | None) -> bool | None:
    # A process that had decided nothing before kept nobody in; clocks further apart than the bound
    # prove nothing.
    if ms is None or is_at_start or ms < -FRESH_MS:
        return None
    return ms <= FRESH_MS


def _refused(row: Mapping[str, Any] | None, left: Left) -> dict[str, Any]:
    return {
        "first_refusal_ms": None if row is None else late_ms(left.left_at, row["first_at"]),
        "first_refusal_evidence": None if row is None else row["evidence"],
        "last_refusal_at": None if row is None else row["last_at"],
        "refusals": 0 if row is None else int(row["times"]),
    }


def _ended(row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    names = ("kind", "operation", "target", "ended_at", "evidence")
    account = row["service_account"]
    is_shown = account is not None and shows(asked.reached, UUID(account), "owner")
    return {
        **{name: row[name] for name in names},
        "service_account": account if is_shown else None,
        "ms": late_ms(asked.left.left_at, row["ended_at"]),
    }


def shows(reached: Reached, subject_id: UUID, field: str) -> bool:
    """Say whether a caller sees this field of somebody."""
    return reached.view(Permission.PEOPLE_READ, subject_id).outcome(field) is Outcome.SHOW


def sees_every_owner(reached: Reached, world: World) -> bool:
    """Say whether a caller sees whose every service account is, so that no number tells more."""
    return all(
        shows(reached, UUID(name), "owner")
        for name, subject in world.subjects.items()
        if subject.kind == "service"
    )


def silent(services: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the expected services of which nobody can say that they refuse."""
    return [one["service"] for one in services if one["is_expected"] and one["state"] != "told"]
