"""Nobody has more by the own hand, whatever the way, nor by that of an own service account."""

from collections.abc import Iterator, Sequence

from services.permissions.domain.book import Asked, Asking, Book, OnSubject
from services.permissions.domain.rights import differences, standing_of
from services.permissions.domain.subject.commands import BreakGlass
from services.permissions.domain.subject.state import NOBODY
from shared.errors import NotPermittedError


def refuse_own_gain(before: Book, after: Book, asked: Sequence[Asked], asking: Asking) -> None:
    """Raise NotPermittedError if by this whoever asks has more than before; an emergency may.

    Args:
        before: the book as it is.
        after: the book as it would be.
        asked: the commands between them.
        asking: who asks for them.
    """
    is_emergency = any(
        isinstance(one, OnSubject) and isinstance(one.command, BreakGlass) for one in asked
    )
    if asking.is_installation or is_emergency:
        return
    gains = [*_gains_of(before, after, asking.by)]
    if gains:
        raise NotPermittedError(
            f"by this you would yourself have more of {gains[0]}"
            + (f" and {len(gains) - 1} others" if len(gains) > 1 else ""),
            code="not-for-yourself",
            field="permission",
            fix="let somebody else do it who gains nothing by it",
            who_can_help="another administrator",
        )


def _gains_of(before: Book, after: Book, by: str) -> Iterator[str]:
    """Yield the permissions of which the person behind an actor, or an own account, has more."""
    me = after.person(by)
    if me is None:
        return
    mine = {me, *before.owned_by(me)}
    for account in sorted({*mine, *after.owned_by(me)}):
        its, will = before.subject(account), after.subject(account)
        if account != me and not its.is_there:
            continue  # It joins with the default role; whatever is given to it is looked at.
        was = its if account in mine else NOBODY
        if was is will and before.policy is after.policy:
            continue
        changes = differences(standing_of(before.policy, was), standing_of(after.policy, will))
        yield from (change.permission for change in changes if change.gained)
