"""What stands in a path or a query is read here, or refused with its name and a way to mend it."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

from starlette.requests import Request

from shared.errors import InvalidInputError, NotFoundError
from shared.given import has_control_character
from shared.web.field_problems import NO_TIME, NO_ZONE

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"[0-9]{1,18}")
# RFC 3339, which is less than datetime.fromisoformat takes: that reads past a NUL, for one.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def path_id(request: Request, name: str) -> UUID:
    """Return the id in the path; what is no id names nothing, so NotFoundError."""
    given: str = request.path_params[name]
    if _UUID.fullmatch(given) is None:
        raise NotFoundError(
            "What stands in the path is not an id.",
            field=name,
            fix="Send the id as an earlier answer gave it: a UUID.",
        )
    return UUID(given)


def id_of(request: Request, name: str) -> UUID | None:
    """Return an id of the query, or None if it is not there."""
    given = request.query_params.get(name)
    if given is None:
        return None
    if _UUID.fullmatch(given) is None:
        raise InvalidInputError(
            f"{name} is not an id.", field=name, fix="Send a UUID, as an earlier answer gave it."
        )
    return UUID(given)


def whole_number(request: Request, name: str, *, at_least: int = 0) -> int | None:
    """Return a number of the query, or None if it is not there."""
    given = request.query_params.get(name)
    if given is None:
        return None
    if _DIGITS.fullmatch(given) is None or int(given) < at_least:
        raise InvalidInputError(
            f"{name} is not a whole number from {at_least} on.",
            field=name,
            fix=f"Send for example {name}={max(at_least, 1)}, or leave it out.",
        )
    return int(given)


def moment(request: Request, name: str) -> datetime | None:
    """Return a time of the query in UTC, or None if it is not there; it must name its zone."""
    given = request.query_params.get(name)
    if given is None:
        return None
    # A `+` that was not escaped arrives as a space.
    written = given.strip().replace(" ", "+").upper()
    try:
        if _MOMENT.fullmatch(written) is not None:
            return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # It has the form of a time, and there is no such day, or none in UTC.
    is_without_zone = _MOMENT.fullmatch(f"{written}Z") is not None
    problem, fix = NO_ZONE if is_without_zone else NO_TIME
    raise InvalidInputError(f"{name} {problem}.", field=name, fix=fix)


def day(request: Request, name: str) -> date | None:
    """Return a day of the query, or None if it is not there."""
    given = request.query_params.get(name)
    if given is None:
        return None
    try:
        if _DAY.fullmatch(given) is not None:
            return date.fromisoformat(given)
    except ValueError:
        pass  # It has the form of a day, and there is none of that name.
    raise InvalidInputError(
        f"{name} is not a day.", field=name, fix=f"Send for example {name}=2026-01-31."
    )


def text(request: Request, name: str, *, at_most: int) -> str | None:
    """Return a text of the query without the spaces around it, or None if nothing is left."""
    given = request.query_params.get(name, "").strip()
    if len(given) > at_most:
        raise InvalidInputError(
            f"{name} is too long.", field=name, fix=f"Send at most {at_most} characters."
        )
    if has_control_character(given):
        raise InvalidInputError(
            f"{name} holds a control character.", field=name, fix="Send text that can be printed."
        )
    return given or None


def yes_or_no(request: Request, name: str) -> bool:
    """Return a truth value of the query; false if it is not there."""
    given = request.query_params.get(name, "false").strip().lower()
    if given not in {"true", "false"}:
        raise InvalidInputError(
            f"{name} is neither true nor false.", field=name, fix=f"Send {name}=true, or nothing."
        )
    return given == "true"
