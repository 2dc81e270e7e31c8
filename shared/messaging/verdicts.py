"""The one rule of every consumer: what to do with an event by how far one is."""

from enum import Enum


class Verdict(Enum):
    """What to do with an event that came."""

    DROP = "drop"
    APPLY = "apply"
    GAP = "gap"
    NEW_EPOCH = "new-epoch"


def judge(at_epoch: int, at: int, epoch: int, feed_position: int) -> Verdict:
    """Say what to do with event (epoch, feed position) by a reader who is at (at_epoch, at).

    Lower epoch, or a number not above: drop. The next number: apply. More: a gap.
    """
    if epoch < at_epoch:
        return Verdict.DROP
    if epoch > at_epoch > 0:
        return Verdict.NEW_EPOCH
    if feed_position <= at:
        return Verdict.DROP
    return Verdict.APPLY if feed_position == at + 1 else Verdict.GAP
