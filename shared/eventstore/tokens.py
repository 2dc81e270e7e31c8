"""A Daybook-Token says what its holder has seen: never show them anything older."""

from dataclasses import dataclass
from datetime import datetime

from shared.errors import InvalidInputError

MAX_PARTS = 32
MAX_NUMBER = 2**63


@dataclass(frozen=True, slots=True)
class TokenPart:
    """One place in one service's log: service:epoch:partition:txid:position."""

    service: str
    epoch: int
    partition: int
    txid: int
    position: int

    def __str__(self) -> str:
        return f"{self.service}:{self.epoch}:{self.partition}:{self.txid}:{self.position}"


Moment = datetime | TokenPart
"""A time, or a place in the log: what had happened until then."""


def parse_token(text: str) -> tuple[TokenPart, ...]:
    """Read a token: parts joined by commas.

    Raises:
        InvalidInputError: it is not a token that this system made.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_PARTS:
        raise _unreadable()
    return tuple(_parse_part(part) for part in parts)


def _parse_part(text: str) -> TokenPart:
    service, *numbers = text.split(":")
    if not service.isascii() or not service.isidentifier() or len(numbers) != 4:  # noqa: PLR2004
        raise _unreadable()
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise _unreadable()
    epoch, partition, txid, position = (int(number[:20]) for number in numbers)
    if max(epoch, partition, txid, position) >= MAX_NUMBER:
        raise _unreadable()
    return TokenPart(service, epoch, partition, txid, position)


def _unreadable() -> InvalidInputError:
    return InvalidInputError(
        "the Daybook-Token is not one that this system made",
        field="Daybook-Token",
        fix="send back the header exactly as the last answer had it, or leave it out",
    )
