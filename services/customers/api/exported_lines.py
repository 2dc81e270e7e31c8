"""A customer of an export as a line: of JSON, or of a table in which no cell is a formula."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from services.customers.application.importing.entries import guarded

COLUMNS: Final = (
    "id", "kind", "name", "emails", "phones", "addresses", "tags", "stage", "owner", "custom",
    "archived",
)  # fmt: skip
Exported = tuple[Any, ...]
"""A customer as a file has it, in the order of COLUMNS."""
Line = tuple[Exported, frozenset[int]]
"""A customer, with the places of what is not shown of it."""
_TOLD: Final[Mapping[bool | None, str]] = {True: "true", False: "false", None: ""}
_QUOTED: Final = frozenset(',"\r\n')
_SEPARATING: Final = frozenset(";,\n[")


def ndjson_lines(them: Iterable[Line], _is_head: bool) -> bytes:
    """Return customers as lines of JSON; no line names the columns."""
    return b"".join(
        orjson.dumps(
            {name: its[n] for n, name in enumerate(COLUMNS) if n not in hidden}
            if hidden
            else dict(zip(COLUMNS, its, strict=True))
        )
        + b"\n"
        for its, hidden in them
    )


def csv_lines(them: Iterable[Line], is_head: bool) -> bytes:
    """Return customers as lines of CSV, or behind the line that names the columns."""
    head = f"{','.join(COLUMNS)}\r\n" if is_head else ""
    return "".join([head, *(_line(its, hidden) for its, hidden in them)]).encode()


def _line(its: Exported, hidden: frozenset[int]) -> str:
    """Return a line in which no cell is a formula to a spreadsheet; ids and JSON begin like none.

    Written as RFC 4180 says; JSON is quoted always, for it never lacks quotes or commas.
    """
    if hidden:
        its = tuple(None if place in hidden else value for place, value in enumerate(its))
    customer_id, kind, name, emails, phones, addresses, tags, stage, owner, custom, is_archived = (
        its
    )
    return (
        f"{customer_id},{kind or ''},{_text(name or '')},{_contacts(emails or (), 'address')},"
        f"{_contacts(phones or (), 'number')},{_json(addresses)},{_tags(tags or ())},{stage or ''},"
        f"{owner or ''},{_json(custom)},{_TOLD[is_archived]}\r\n"
    )


def _contacts(points: Sequence[Mapping[str, str]], only: str) -> str:
    """Return the one contact point as a person would write it where that says it all, else JSON."""
    if len(points) == 1 and points[0].keys() == {only}:
        return _text(points[0][only])
    return _json(points)


def _tags(tags: Sequence[str]) -> str:
    if tags and _SEPARATING.isdisjoint("".join(tags)):
        return _text("; ".join(tags))
    return _json(tags)


def _text(text: str) -> str:
    text = guarded(text)
    return text if _QUOTED.isdisjoint(text) else _quoted(text)


def _json(value: Any) -> str:  # noqa: ANN401 - a list or members
    return _quoted(orjson.dumps(value).decode()) if value else ""


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
