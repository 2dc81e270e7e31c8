"""A schedule of reviews says which grants are looked at again, how often, and how."""

from pydantic import BaseModel, ConfigDict

from services.permissions.domain.review.events import Chosen, Every, SilentDecision


class ReviewSchedule(BaseModel):
    """Which grants are looked at again and again, and how."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    title: str
    """What people call each of its reviews."""
    every: Every
    """How often: once in each such period, in UTC · after_emergency: after each emergency."""
    chosen: Chosen = Chosen()
    """Which grants; of an emergency always the one that was taken."""
    days: int
    """How long the reviewers have."""
    silence: SilentDecision | None = None
    """What silence means at the end; absent: nothing, somebody must decide."""
    most_percent: int = 10
    """Silence never takes more than so much of all items away, in percent."""
    most_grants: int = 50
    """Silence never takes more than so many grants away."""
