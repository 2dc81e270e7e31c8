"""A change says which version it was made from: the ETag of what was read, in If-Match."""

import re

from starlette.requests import Request

from shared.errors import InvalidInputError, VersionRequiredError

_STRONG = re.compile(r'"([1-9][0-9]{0,17})"')
_EXAMPLE = 'If-Match: "7"'


def etag(version: int) -> str:
    """Return the strong ETag of a version: the number in quotation marks."""
    return f'"{version}"'


def version_of_if_match(request: Request) -> int:
    """Return the version the caller read.

    Raises VersionRequiredError without If-Match, InvalidInputError for one that names no single
    version: a change to whatever is there now (`*`) is not offered.
    """
    given = ",".join(request.headers.getlist("if-match")).strip()
    if not given:
        raise VersionRequiredError(
            "A change must say which version it was made from.",
            field="If-Match",
            fix=f"Read it first and send its ETag back, for example `{_EXAMPLE}`.",
        )
    found = _STRONG.fullmatch(given)
    if found is None:
        raise InvalidInputError(_what_is_wrong(given), field="If-Match", fix=_HOW)
    return int(found[1])


_HOW = f"Send one ETag exactly as you got it, for example `{_EXAMPLE}`."


def _what_is_wrong(given: str) -> str:
    if given == "*":
        return "`*` would overwrite a change that you have not seen."
    if given.startswith("W/"):
        return "A weak ETag does not name one version."
    if "," in given:
        return "Several ETags do not name one version."
    return "This is not an ETag of Daybook."
