"""A policy file is read whole, or refused with every line that is wrong and how to mend it."""

from dataclasses import dataclass

from pydantic import ValidationError

from services.permissions.domain.policy_file.document import Document, Path, read_document
from services.permissions.domain.policy_file.model import PolicyFile
from shared.errors import SeveralFieldsError, WrongField
from shared.given import OURS

MOST_TOLD = 50
_FIXES = {
    "extra_forbidden": ("means nothing here", "Leave it out, or look how it is spelt."),
    "missing": ("is missing", "Add it."),
    "literal_error": ("is none of what there is", "Choose one of: {expected}."),
    "enum": ("is none of what there is", "Choose one of: {expected}."),
    "uuid_parsing": ("is no id", "Write a UUID: 00000000-0000-4000-8000-000000000001."),
    "greater_than_equal": ("is too small", "Use at least {ge}."),
    "less_than_equal": ("is too large", "Use at most {le}."),
    "too_long": ("has too many entries", "Use at most {max_length}."),
    "too_short": ("has too few entries", "Use at least {min_length}."),
}


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """A policy file, and where everything in it stands."""

    file: PolicyFile
    document: Document


def read_policy(text: str) -> ReadPolicy:
    """Return the policy that the YAML text says.

    Raises:
        InvalidInputError: it is no YAML.
        SeveralFieldsError: it is no policy; every place that is wrong is listed with its line.
    """
    document = read_document(text)
    try:
        return ReadPolicy(PolicyFile.model_validate(document.values), document)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[:MOST_TOLD]
        wrong = [_wrong(document, one["loc"], one["type"], one.get("ctx", {})) for one in told]
        raise SeveralFieldsError(wrong) from None


def _wrong(document: Document, path: Path, kind: str, context: dict[str, object]) -> WrongField:
    if kind == OURS:
        problem, fix = str(context["problem"]), str(context["fix"])
    else:
        problem, fix = _FIXES.get(kind, ("is of another kind", "See the format's JSON schema."))
    if kind == "missing":
        problem = f"lacks {path[-1]}"
    return WrongField(document.place(path), problem, fix.format_map(context))
