"""The shape of a grant in a snapshot: only what differs from a role given plainly."""

from typing import Any, Final

from shared.authorization.conditions import condition_document, parse_condition
from shared.authorization.reading import same
from shared.authorization.state import PLAIN, Shape

_CONDITION: Final = "condition"


def shape_document(shape: Shape) -> dict[str, Any]:
    """Return the shape's members that are not as in PLAIN."""
    document = {
        name: value for name, value in shape._asdict().items() if value != getattr(PLAIN, name)
    }
    if shape.records is not None:
        document["records"] = sorted(shape.records)
    if shape.condition is not None:
        document[_CONDITION] = condition_document(shape.condition)
    return document


def shape_from(document: dict[str, Any]) -> Shape:
    """Return the shape that was written.

    Raises:
        TypeError: there are members that mean nothing.
        InvalidInputError: the condition cannot be read.
    """
    members = dict(document)
    if "records" in members:
        members["records"] = frozenset(members["records"])
    if _CONDITION in members:
        members[_CONDITION] = parse_condition(members[_CONDITION])
    return same(Shape(**members))
