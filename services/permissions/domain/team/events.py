"""What happens to a team; its stream is `team-<uuid>`. Who is in it is said of each subject."""

from services.permissions.domain.policy.events import Title
from shared.events import Event


class TeamFormed(Event):
    """There is such a team from now on."""

    title: Title
    """What people call it."""
    external_id: str | None = None
    """The id by which an identity provider names it (SCIM); absent: none does."""


class TeamRenamed(Event):
    """The team is called otherwise."""

    title: Title
    """What people call it from now on."""
    external_id: str | None = None
    """The id by which an identity provider names it from now on; absent: none does."""


class TeamDissolved(Event):
    """The team is gone for good; nobody was in it any more."""


TeamEvent = TeamFormed | TeamRenamed | TeamDissolved
