"""A decision that was written down, asked again of the permissions of its time, is the same."""

from collections.abc import Mapping
from math import inf, isfinite

from shared.authorization.deciding import Answer, decide
from shared.authorization.noting import source_of
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.scopes import Clearance
from shared.authorization.world import World
from shared.errors import RuleBrokenError
from shared.eventstore.decision_types import DecisionRecorded


class CannotAskAgainError(RuleBrokenError):
    """A decision was written down without everything that it was made of."""

    code = "decision-not-complete"
    title = "This decision cannot be asked again"


def asked_again(world: World, decision: DecisionRecorded) -> Answer:
    """Return what is decided of the same question in a world; of its own, the same as then.

    Args:
        world: the permissions as of the decision's epoch and position, for its own answer.
        decision: as it was written down.

    Raises:
        CannotAskAgainError: it was made of something that is not written down.
    """
    if decision.left_out:
        raise CannotAskAgainError(
            f"what it was made of is not all written down: {', '.join(decision.left_out)}",
            fix="ask what would be decided now, with POST /v1/explain",
            who_can_help="whoever has the permission explanation:read",
        )
    record = _record_of(decision)
    around = Circumstances(
        wanted=decision.wanted,
        actor=decision.actor,
        deeds=decision.deeds,
        subject=_of_root("subject", decision.attributes),
        action=_of_root("action", decision.attributes),
        context=_of_root("context", decision.attributes),
    )
    age = inf if decision.age_seconds is None else decision.age_seconds
    now = moment(decision.decided_at)
    return decide(world, decision.subject, decision.permission, record, now, age, around)


def is_as_told(answer: Answer, decision: DecisionRecorded) -> bool:
    """Say whether an answer is the one that was written down, with its reason and its source."""
    source = {"grant_id": None, "role": None, "rule": None} | source_of(answer)
    age = answer[4] if isfinite(answer[4]) else None
    return (answer[0], answer[1].value, answer[3], age, source) == (
        decision.is_allowed,
        decision.code,
        decision.position,
        decision.age_seconds,
        {"grant_id": decision.grant_id, "role": decision.role, "rule": decision.rule},
    )


def _record_of(decision: DecisionRecorded) -> Record | None:
    if decision.resource_type is None or decision.resource_id is None:
        return None
    rank = None if decision.sensitivity is None else Clearance(decision.sensitivity).rank
    return Record(
        decision.resource_type,
        decision.resource_id,
        decision.owner,
        rank,
        _of_root("resource", decision.attributes),
    )


def _of_root(root: str, attributes: Mapping[str, object]) -> dict[str, object]:
    return {
        name.removeprefix(f"{root}."): value
        for name, value in attributes.items()
        if name.startswith(f"{root}.")
    }
