"""An explanation as it is answered: ids beside names, moments as times, codes beside words."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.permissions.application.explaining import Ground, Why, holders
from services.permissions.application.sight import roles_that_see
from shared.authorization.codes import Code
from shared.authorization.conditions import condition_document
from shared.authorization.deciding import Answer
from shared.authorization.explaining import Considered, Fix
from shared.authorization.questions import Record
from shared.authorization.reasons import Words, words, words_of_another
from shared.authorization.state import ALWAYS, FOREVER, Grant

_OPEN: Final = frozenset({Code.WITHHELD, Code.DEEDS_UNKNOWN})
"""What is no decision."""
_PAST_EN: Final = "Nobody can change what was in force then; leave out `as_of` to see who can help."
_PAST_ZH: Final = "当时生效的权限已无法更改。去掉 `as_of` 即可查看现在谁能帮助。"
_UNKNOWN_EN: Final = "Daybook did not know this account then."
_UNKNOWN_ZH: Final = "当时 Daybook 不认识此账户。"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def why_view(why: Why, *, is_own: bool) -> dict[str, Any]:
    """Return what the answer is, what it was made of, and what would mend it.

    `is_own`: who asks is who it is about.
    """
    its = why.explanation
    allowed, code, *_ = its.answer
    en, zh = _said(code, its.answer, is_own=is_own, of_past=why.ground.of_past)
    return {
        "allowed": None if code in _OPEN else allowed,
        "reason_code": code.value,
        "reason": en.reason,
        "reason_zh": zh.reason,
        "who_can_help": en.who_can_help,
        "who_can_help_zh": zh.who_can_help,
        "by": by_view(its.answer),
        "considered": [_considered_view(one) for one in its.considered],
        "fixes": [_fix_view(one) for one in its.fixes],
        "givers": {
            "roles": list(its.givers),
            "people": [name_view(why.ground, one) for one in why.people],
        },
    }


def _said(code: Code, answer: Answer, *, is_own: bool, of_past: bool) -> tuple[Words, Words]:
    """Return the reason and who can help in both languages; what was in force then nobody can."""
    said = words if is_own else words_of_another
    en, zh = said(code), said(code, "zh")
    if of_past and not answer[0] and code not in _OPEN:
        en, zh = en._replace(who_can_help=_PAST_EN), zh._replace(who_can_help=_PAST_ZH)
    if of_past and code is Code.UNKNOWN_SUBJECT:
        en, zh = en._replace(reason=_UNKNOWN_EN), zh._replace(reason=_UNKNOWN_ZH)
    return en, zh


def by_view(answer: Answer) -> dict[str, Any] | None:
    """Return the grant that allows or denies, or the rule that keeps duties apart."""
    source = answer[2]
    if isinstance(source, str):
        return {"rule": source}
    return None if source is None else _grant_view(source)


def name_view(ground: Ground, subject: str) -> dict[str, Any]:
    """Return a subject by id, with the name if whoever asks may see it."""
    return {"id": subject, "name": ground.people.name(subject)}


def record_view(ground: Ground) -> dict[str, Any] | None:
    """Return the record as far as whoever asks may know of it, else who may."""
    record = ground.record
    if record is None:
        return None
    told: dict[str, Any] = {"type": record.type, "id": record.id, "known": ground.known}
    if ground.known == "withheld":
        return told | {"needs": list(ground.needed), "who_may_see": _seers(ground, record)}
    if ground.known != "not_known":
        owner = None if record.owner is None else name_view(ground, record.owner)
        told |= {"owner": owner, "attributes": dict(record.attributes)}
    return told


def _seers(ground: Ground, record: Record) -> dict[str, Any]:
    roles = roles_that_see(ground.basis.world, record, ground.needed)
    people = [name_view(ground, one) for one in holders(ground, roles)]
    return {"roles": list(roles), "people": people}


def _grant_view(grant: Grant) -> dict[str, Any]:
    shape = grant.shape
    told: dict[str, Any] = {"grant_id": grant.grant_id}
    told["role" if shape.is_role else "permission"] = grant.target
    told["effect"] = "deny" if shape.is_denial else "allow"
    if shape.since != ALWAYS:
        told["from"] = _time(shape.since)
    if shape.until != FOREVER:
        told["until"] = _time(shape.until)
    return told


def _considered_view(one: Considered) -> dict[str, Any]:
    return {
        **_grant_view(one.grant),
        "scope": one.scope.value,
        "clearance": one.clearance.value,
        "misses": None if one.code is None else one.code.value,
    }


def _fix_view(fix: Fix) -> dict[str, Any]:
    told: dict[str, Any] = {"step": fix.step}
    named = {
        "grant_id": fix.grant_id,
        "role": fix.role,
        "scope": None if fix.scope is None else fix.scope.value,
        "clearance": None if fix.clearance is None else fix.clearance.value,
        "at": None if fix.moment is None else _time(fix.moment),
        "conditions": [condition_document(one) for one in fix.conditions] or None,
        "level": fix.level or None,
    }
    return told | {name: value for name, value in named.items() if value is not None}


def _time(moment: int) -> str:
    return (_EPOCH + timedelta(microseconds=moment)).isoformat()
