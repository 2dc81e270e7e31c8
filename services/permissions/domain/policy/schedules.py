"""Reviews that open by themselves: which, how often, and what silence means in them."""

from dataclasses import replace
from typing import Final, assert_never

from services.permissions.domain.policy.commands import (
    RemoveReviewSchedule,
    ScheduleCommand,
    SetReviewSchedule,
)
from services.permissions.domain.policy.events import (
    ReviewScheduleRemoved,
    ReviewScheduleSet,
    ScheduleEvent,
)
from services.permissions.domain.policy.known import POLICY_EDITORS, must_be_name, role_in_force
from services.permissions.domain.policy.state import Policy
from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError

LONGEST_DAYS: Final = 60
MAX_SCHEDULES: Final = 50


def decide_schedule(
    policy: Policy, command: ScheduleCommand, reason: str | None
) -> list[ScheduleEvent]:
    """Return what follows; nothing where nothing changes.

    Raises:
        InvalidInputError: a name or a number that cannot be.
        NotFoundError: there is no such schedule or role.
        RuleBrokenError: there are too many schedules, or a role is retired.
    """
    name = command.schedule
    known = policy.review_schedules.get(name)
    match command:
        case RemoveReviewSchedule():
            if known is None:
                raise NotFoundError(
                    "there is no such schedule of reviews",
                    code="review-schedule-not-found",
                    field="schedule",
                    fix="see which there are with GET /v1/policy",
                )
            return [ReviewScheduleRemoved(schedule=name, reason=reason)]
        case SetReviewSchedule(its=its):
            must_be_name(name, "schedule")
            if not 1 <= its.days <= LONGEST_DAYS:
                raise InvalidInputError(
                    "nobody decides in so short or so long a time",
                    field="days",
                    fix=f"give 1 to {LONGEST_DAYS} days",
                )
            for role in its.chosen.roles:
                role_in_force(policy, role, "roles")
            if known is None and len(policy.review_schedules) >= MAX_SCHEDULES:
                raise RuleBrokenError(
                    f"there are at most {MAX_SCHEDULES} schedules",
                    code="too-many-schedules",
                    field="schedule",
                    fix="let one schedule choose what two choose now",
                    who_can_help=POLICY_EDITORS,
                )
            told = ReviewScheduleSet(schedule=name, its=its, reason=reason)
            return [] if known == its else [told]
        case _:
            assert_never(command)


def evolve_schedule(policy: Policy, event: ScheduleEvent) -> Policy:
    """Return the policy after one more event."""
    others = {name: its for name, its in policy.review_schedules.items() if name != event.schedule}
    match event:
        case ReviewScheduleSet(schedule=name, its=its):
            return replace(policy, review_schedules=others | {name: its})
        case ReviewScheduleRemoved():
            return replace(policy, review_schedules=others)
        case _:
            assert_never(event)
