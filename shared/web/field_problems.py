"""Each way a field can be wrong has a sentence that a person understands and knows how to mend.

Only what the schema says is repeated (lengths, allowed values), never what the caller sent;
the one exception is the name of an unknown member, cut short, which goes to the sender alone.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from shared.errors import WrongField
from shared.given import OURS

_LONGEST_NAME = 60
_NOT_AN_EMAIL = "value is not a valid email address"
_SEE_SCHEMA = "See its schema in /openapi.json."

NO_TIME: Final = ("is not a time", "Write it like 2026-12-24T18:00:00Z.")
NO_ZONE: Final = ("says no time zone", "End it with Z or an offset, like +01:00.")

# pydantic's error type → problem and fix; braces are filled from what the schema says.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", "Add it."),
    "json_invalid": ("is not JSON: {error}", "Send valid JSON in UTF-8."),
    "model_type": ("must be an object", "Send a JSON object: {{…}}."),
    "model_attributes_type": ("must be an object", "Send a JSON object: {{…}}."),
    "dict_type": ("must be an object", "Send a JSON object: {{…}}."),
    "list_type": ("must be a list", "Send a JSON list: […]."),
    "tuple_type": ("must be a list", "Send a JSON list: […]."),
    "string_type": ("must be text", "Send it in quotation marks."),
    "int_type": ("must be a whole number", "Send digits without quotation marks."),
    "int_parsing": ("must be a whole number", "Send digits without quotation marks."),
    "int_from_float": ("must be a whole number", "Send it without a fraction."),
    "float_type": ("must be a number", "Send digits without quotation marks."),
    "greater_than": ("is too small", "Send more than {gt}."),
    "greater_than_equal": ("is too small", "Send at least {ge}."),
    "less_than": ("is too large", "Send less than {lt}."),
    "less_than_equal": ("is too large", "Send at most {le}."),
    "timezone_aware": NO_ZONE,
    "datetime_parsing": NO_TIME,
    "datetime_from_date_parsing": NO_TIME,
    "datetime_type": NO_TIME,
    "datetime_object_invalid": NO_TIME,
    "bool_type": ("must be true or false", "Send true or false."),
    "string_too_short": ("is too short", "Send at least {min_length} character(s)."),
    "string_too_long": ("is too long", "Send at most {max_length} characters."),
    "too_short": ("has too few items", "Send at least {min_length}."),
    "too_long": ("has too many items", "Send at most {max_length}."),
    "literal_error": ("is not one of the allowed values", "Send {expected}."),
    "enum": ("is not one of the allowed values", "Send {expected}."),
    "union_tag_invalid": ("is not one of the allowed kinds", "Send {expected_tags}."),
    "string_pattern_mismatch": ("does not have the right form", _SEE_SCHEMA),
    "uuid_parsing": ("is not an id", "Send a UUID, as an earlier answer gave it."),
    "uuid_type": ("is not an id", "Send a UUID, as an earlier answer gave it."),
}


def in_plain_words(error: ErrorDetails, model: type[BaseModel]) -> WrongField:
    """Return what one pydantic error means and how to mend it."""
    field = _path(error["loc"])
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return WrongField(field=field, problem="is not known here", fix=_known(error, model))
    if error["type"] == OURS:
        return WrongField(field=field, problem=context["problem"], fix=context["fix"])
    if error["msg"].startswith(_NOT_AN_EMAIL):
        fix = "Write it like name@example.org."
        return WrongField(field=field, problem="is not an e-mail address", fix=fix)
    problem, fix = _WORDS.get(error["type"], ("is not valid", _SEE_SCHEMA))
    return WrongField(field=field, problem=problem.format(**context), fix=fix.format(**context))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        name = part if isinstance(part, int) else part[:_LONGEST_NAME]
        path += f"[{name}]" if isinstance(name, int) else f".{name}"
    return path.removeprefix(".") or "body"


def _known(error: ErrorDetails, model: type[BaseModel]) -> str:
    unknown: Any = error["loc"][-1]
    known = list(model.model_fields)
    if len(error["loc"]) > 1:
        return f"Remove it. {_SEE_SCHEMA}"
    close = get_close_matches(str(unknown), known, n=1)
    meant = f", or write {close[0]}" if close else ""
    return f"Remove it{meant}. Known: {', '.join(known)}."
