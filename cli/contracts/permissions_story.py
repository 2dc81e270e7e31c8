"""Everything that can happen in the permissions service, once."""

from collections.abc import Sequence

from cli.contracts.stories import BEGINNING, Told
from shared.authorization.people import DEMO_PEOPLE
from shared.projecting.canary import CanarySent

_CANARY = "canary-permissions"


def a_policy() -> Sequence[Told]:
    """Tell how it came that somebody may do something."""
    account = DEMO_PEOPLE["permissions"].subject
    return (Told(_CANARY, _CANARY, account, CanarySent(sent_at=BEGINNING)),)
