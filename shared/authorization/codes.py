"""Why a decision is what it is, in one word each; `reasons` has the sentences."""

from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """Why the answer is what it is."""

    ALLOWED = "allowed"
    STALE = "stale"
    BEHIND = "behind"
    UNKNOWN_SUBJECT = "unknown_subject"
    INACTIVE_SUBJECT = "inactive_subject"
    UNKNOWN_PERMISSION = "unknown_permission"
    PARKED = "parked"
    DENIED = "denied"
    NO_GRANT = "no_grant"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CONDITION = "condition"
    SENSITIVITY = "sensitivity"
    OUT_OF_SCOPE = "out_of_scope"
    SEPARATION_OF_DUTIES = "separation_of_duties"
    ERROR = "error"
    ACTING_OVER = "acting_over"
    """Whoever acts as the subject does so no longer, or may not any more."""
    ABOVE_ACTOR = "above_actor"
    """The subject's level is higher than that of whoever acts as them."""
    IN_THE_OWN_NAME = "in_the_own_name"
    """Nobody does this as somebody else: it changes rights, or is of critical risk."""
    WITHHELD = "withheld"
    """No decision: whoever asks why may not know of the record by which it would be decided."""
    DEEDS_UNKNOWN = "deeds_unknown"
    """No decision: who did on the record what is kept apart from it is not known there."""

    # Enum's own is ten times as slow, and each refusal looks codes up.
    __hash__ = str.__hash__


NEAREST: Final = {
    Code.EXPIRED: 0,
    Code.NOT_YET_VALID: 1,
    Code.CONDITION: 2,
    Code.SENSITIVITY: 3,
    Code.OUT_OF_SCOPE: 4,
}
"""Of several misses the nearest to an allowance is told."""
