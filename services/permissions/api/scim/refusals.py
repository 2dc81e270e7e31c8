"""Every error at a SCIM address leaves as SCIM's Error (RFC 7644 §3.12), in words of our own.

What a library says of an error can hold what the caller sent, a name or an address; so only its
kind is passed on, and where in the resource it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

import orjson
from pydantic import ValidationError
from scim2_models import Error, SCIMException
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from services.permissions.api.scim.places import ME, USERS
from shared.errors import DaybookError, InvalidInputError, NotSignedInError, RuleBrokenError
from shared.web.bodies import WrongContentTypeError

SCIM_TYPE: Final = "application/scim+json"

_SAID: Final = {
    "invalidFilter": "The filter cannot be read, or an attribute in it cannot be compared so.",
    "tooMany": "This asks for more than is worked off at once.",
    "uniqueness": "Another resource has this name already.",
    "mutability": "This cannot be changed, or not be left without a value.",
    "invalidSyntax": "The body is not what this request takes.",
    "invalidPath": "The path names no attribute of this resource.",
    "noTarget": "The path chooses nothing that there is.",
    "invalidValue": "A value is missing, or is not what its attribute takes.",
}
_HOW: Final = {
    "invalidFilter": 'See /scim/v2/Schemas; write for example userName eq "alice".',
    "tooMany": "Send it in several requests.",
    "uniqueness": "Take another, or change the resource that has it.",
    "mutability": "Leave the attribute out; /scim/v2/Schemas says what can be changed.",
    "invalidSyntax": "Send the JSON object of RFC 7644 with its schemas.",
    "invalidPath": "See /scim/v2/Schemas for the attributes there are.",
    "noTarget": "Read the resource first; `remove` needs a path.",
    "invalidValue": "See /scim/v2/Schemas for what each attribute takes.",
}
_STATUS_OF_INPUT: Final = 400
_TAKEN: Final = "name-taken"
_UNEXPECTED: Final = 500


class ScimRefusalError(InvalidInputError):
    """A request that the protocol refuses."""

    status: ClassVar[int] = 400

    def __init__(self, scim_type: str, where: str = "") -> None:
        said = _SAID.get(scim_type, _SAID["invalidSyntax"])
        detail = f"{where}: {said}" if where else said
        super().__init__(detail, code=scim_type, fix=_HOW.get(scim_type, _HOW["invalidSyntax"]))
        self.scim_type = scim_type


@contextmanager
def scim_refusals() -> Iterator[None]:
    """Let what the SCIM models refuse leave as ScimRefusalError.

    Not chained: their errors hold what the caller sent.
    """
    try:
        yield
    except ValidationError as error:
        refused = _of_validation(error)
    except SCIMException as error:
        refused = ScimRefusalError(error.scim_type or "invalidSyntax")
    else:
        return
    raise refused from None


def answer_scim_failure(error: Exception, scope: Scope) -> Response:
    """Return SCIM's Error for whatever left a route, or for an address that there is not."""
    headers: dict[str, str] = {}
    match error:
        case DaybookError():
            status, scim_type = _said_of(error)
            detail = _sentences(error)
            if error.retry_after_seconds is not None:
                headers["Retry-After"] = str(error.retry_after_seconds)
            if isinstance(error, NotSignedInError):
                headers["WWW-Authenticate"] = "Bearer"
        case HTTPException() if scope["path"] == ME:
            # RFC 7644 §3.11: who does not offer it says so.
            status, scim_type = 501, None
            detail = f"This server has no {ME}. Find yourself by {USERS} with a filter of userName."
        case HTTPException():
            status, scim_type = error.status_code, None
            detail = "There is nothing at this address, or it does not do that."
            headers |= error.headers or {}
        case _:
            status, scim_type = _UNEXPECTED, None
            detail = "Something failed that should not; read before you repeat a change."
    body = Error(status=status, scim_type=scim_type, detail=detail).model_dump()
    return Response(orjson.dumps(body), status, headers, SCIM_TYPE)


def _sentences(error: DaybookError) -> str:
    """Return what is so, how to mend it and who can help, each as a sentence."""
    helps = error.who_can_help and f"Who can help: {error.who_can_help}"
    fix = error.fix and f"{error.fix[0].upper()}{error.fix[1:]}"
    return " ".join(f"{part.removesuffix('.')}." for part in (error.detail, fix, helps) if part)


def _said_of(error: DaybookError) -> tuple[int, str | None]:
    """Return the status and scimType; SCIM knows no 422, and refuses what cannot be with 400."""
    match error:
        case ScimRefusalError():
            return error.status, error.scim_type
        case WrongContentTypeError():
            return 415, None
        case InvalidInputError():
            return _STATUS_OF_INPUT, "invalidValue"
        case RuleBrokenError() if error.problem_code == _TAKEN:
            return error.status, "uniqueness"
        case _:
            return error.status, None


def _of_validation(error: ValidationError) -> ScimRefusalError:
    """Return the refusal of the first thing that is wrong."""
    first = error.errors(include_url=False, include_input=False)[0]
    scim_type = Error.from_validation_error(first).scim_type or "invalidSyntax"
    named = first["type"] not in {"extra_forbidden", "json_invalid"}
    return ScimRefusalError(scim_type, _where(first["loc"]) if named else "")


def _where(loc: tuple[int | str, ...]) -> str:
    """Return where it is, by names of the schema: keys that nobody declared never get so far."""
    return ".".join(str(part) for part in loc if isinstance(part, int) or "[" not in part)
