"""A read of the past names its moment by a time or by a token: what its holder had seen."""

from starlette.requests import Request

from shared.errors import YOURSELF, InvalidInputError, TokenOfEarlierEpochError
from shared.eventstore.tokens import Moment, TokenPart, parse_token
from shared.projecting.watching import MarkWatcher
from shared.web.queries import moment


def moment_of(request: Request, name: str, watcher: MarkWatcher) -> Moment | None:
    """Return the moment that a query names, or None if it is not there.

    Of a token with several parts the latest place in this service's log counts.

    Raises:
        InvalidInputError: it is neither a time with its zone nor a token of this service.
        TokenOfEarlierEpochError: the token is from before a restore: its place means nothing now.
    """
    given = request.query_params.get(name, "")
    # No time begins with a letter, and every token does.
    if not given[:1].isalpha():
        return moment(request, name)
    parts = [part for part in _parsed(given, name) if part.service == watcher.service]
    if not parts:
        raise _neither(name)
    if any(part.epoch < watcher.epoch for part in parts):
        raise TokenOfEarlierEpochError(
            "this Daybook-Token is from before a restore",
            field=name,
            fix="name the moment by its time",
            who_can_help=YOURSELF,
        )
    return max(parts, key=lambda part: (part.epoch, part.txid, part.position))


def _parsed(given: str, name: str) -> tuple[TokenPart, ...]:
    try:
        return parse_token(given)
    except InvalidInputError as error:
        raise _neither(name) from error


def _neither(name: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name} is neither a time with its zone nor a Daybook-Token of this service.",
        field=name,
        fix=f"Send for example {name}=2026-01-31T09:30:00Z, or the token of an earlier answer.",
    )
