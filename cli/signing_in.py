"""Whoever speaks proves it with a token that they were given, or is a demo person."""

import os
from collections.abc import Callable
from pathlib import Path

from shared.errors import InvalidInputError, NotSignedInError, UnavailableError

ReadToken = Callable[[], str]
FIX = (
    "put an access token of the issuer that this Daybook trusts into the variable DAYBOOK_TOKEN,"
    " or into a file and name it with --token-file"
)


def given_token(file: Path | None) -> ReadToken | None:
    """Return how to read the token that was given, anew each time; None if none was.

    The file comes before DAYBOOK_TOKEN. A token is no argument: others see command lines.
    """
    if file is not None:
        return lambda: _of_file(file)
    text = os.environ.get("DAYBOOK_TOKEN")
    return (lambda: _checked(text, "DAYBOOK_TOKEN")) if text else None


def not_signed_in(service: str) -> NotSignedInError:
    """Return the error of a service elsewhere that nobody gave a token for."""
    return NotSignedInError(
        f"You have no token for {service}: demo people sign in on this machine only.",
        fix=f"{FIX}; if it is a demo, name its issuer with --issuer",
    )


def no_issuer(error: UnavailableError) -> UnavailableError:
    """Return the error of an issuer that does not answer, with what does without it."""
    return UnavailableError(
        f"{error.detail} The demo's issuer would sign you in there.",
        fix=f"start Daybook with `daybook up`, or name the issuer with --issuer, or {FIX}",
    )


def _of_file(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The file {file} cannot be read.",
            field="--token-file",
            fix="name a text file that holds nothing but the access token",
        ) from error
    return _checked(text, "--token-file")


def _checked(text: str, field: str) -> str:
    # What it holds instead is not repeated: it may be a secret of something else.
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInputError(
            "This is no access token: a token is one word of letters, digits, dots and dashes.",
            field=field,
            fix=FIX,
        )
    return token
