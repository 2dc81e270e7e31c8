"""Every event that this service writes, and the one codec that reads them all back."""

from typing import get_args

from services.permissions.domain.policy.events import PolicyEvent
from services.permissions.domain.review.events import ReviewEvent
from services.permissions.domain.subject.events import SubjectEvent
from services.permissions.domain.team.events import TeamEvent
from shared.eventstore.codec import EventCodec
from shared.projecting.canary import CanarySent

CODEC = EventCodec(
    [
        *get_args(PolicyEvent),
        *get_args(SubjectEvent),
        *get_args(TeamEvent),
        *get_args(ReviewEvent),
        CanarySent,
    ]
)
