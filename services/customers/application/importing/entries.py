"""A row becomes what `POST /v1/customers` would take; what fits nowhere in it is kept, and told."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import orjson

from services.customers.application.importing.columns import IGNORED, TYPED, Columns
from services.customers.application.importing.ndjson_file import as_cell, is_scalar
from services.customers.application.importing.rows import RECORD, SURPLUS, Row, RowProblem

T = TypeVar("T")

_SEPARATORS: Final = {"email": re.compile(r"[;,\s]+"), "phone": re.compile(r"\s*[;\n]\s*|\s+/\s+")}
_TAGS: Final = re.compile(r"\s*[;,\n]\s*")
_WORDS: Final = {
    "person": "person individual contact private privat 个人 人",
    "organisation": "organisation organization company business org firma unternehmen"
    " 公司 企业 单位",
}
_KINDS: Final = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_TRUE: Final = frozenset({"true", "yes", "1", "ja", "是"})
_VALUE: Final = {"emails": "address", "phones": "number"}
_BODY: Final = ("kind", "name", "emails", "phones", "addresses", "tags", "stage", "owner", "custom")
_SILENT: Final = frozenset({"version", "erased", "legal_hold", "withdrawn", "links", "notes"})
"""Members that an export has and an import leaves alone."""
_GUARDED: Final = re.compile(r"'(?=['=+\-@\t\r])")


@dataclass(slots=True)
class Entry:
    """What one row says: which customer it is, what is given about it, what fits nowhere."""

    row: Row
    id: str | None = None
    key: str | None = None
    body: dict[str, Any] = dataclasses.field(default_factory=dict)
    note: str | None = None
    is_archived: bool | None = None
    kept: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    problem: RowProblem | None = None


def entry_of(row: Row, columns: Columns) -> Entry:
    """Return what the row says by what its columns mean."""
    entry = Entry(row, problem=row.problem)
    if entry.problem is None:
        parts: dict[str, list[str]] = {}
        for column, cell in row.cells.items():
            if cell and column != RECORD:
                _take(entry, parts, column, unguarded(cell), columns.fields.get(column))
        for member, value in row.parts.items():
            if value not in (None, "", [], {}):
                _take_member(entry, parts, member, value, columns)
        _finish(entry, parts, columns)
    return entry


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; `unguarded` gives the text back."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r", "'"} else text


def unguarded(text: str) -> str:
    """Return the text of a cell that `guarded` wrote; any other stays as it is."""
    return _GUARDED.sub("", text, count=1) if text[:1] == "'" else text


def _take(
    entry: Entry, parts: dict[str, list[str]], column: str, cell: str, field: str | None
) -> None:
    if field is None or column == SURPLUS:
        entry.kept.append((column, cell))
    elif field in {"emails", "phones", "addresses"}:
        entry.body.setdefault(field, []).extend(_listed(field, cell))
    elif field == "custom":
        entry.body.setdefault("custom", {}).update(_custom(entry, column, cell))
    elif field != IGNORED:
        parts.setdefault(field, []).append(cell)


def _take_member(
    entry: Entry, parts: dict[str, list[str]], member: str, value: object, columns: Columns
) -> None:
    field = columns.fields.get(member, member if member in _BODY else None)
    if is_scalar(value):
        named = field or {"note": "note", "key": "key", "id": "id", "archived": "archived"}.get(
            member
        )
        if member not in _SILENT:
            _take(entry, parts, member, as_cell(value), named)
    elif field in _BODY:
        entry.body[field] = (
            [_without_id(one) for one in value] if isinstance(value, list) else value
        )
    elif member not in _SILENT:
        entry.kept.append((member, orjson.dumps(value).decode()))


def _finish(entry: Entry, parts: dict[str, list[str]], columns: Columns) -> None:
    body = entry.body
    one = partial(_first, parts)
    entry.id, entry.key = one("id"), one("key")
    entry.note = "\n".join(parts["note"]) if "note" in parts else None
    archived = one("archived")
    entry.is_archived = None if archived is None else archived.casefold() in _TRUE
    kind = one("kind")
    if kind is not None:
        body["kind"] = _KINDS.get(kind.casefold(), kind)
    elif entry.id is None:
        body.setdefault("kind", columns.kind or "person")
    names = [*parts.get("given_name", ()), *parts.get("family_name", ())]
    name = one("name") or _joined(names)
    if name:
        body["name"] = name
    for field in ("stage", "owner"):
        value = one(field)
        if value is not None:
            body[field] = value.casefold() if field == "stage" else value
    _contacts(body, parts)
    _say_country(body, columns.country)
    tags = [tag for cell in parts.get("tags", ()) for tag in _tags(cell)]
    if tags:
        body["tags"] = _unique([*body.get("tags", ()), *tags], str.casefold)
    custom = {
        field.removeprefix("custom."): cells[0]
        for field, cells in parts.items()
        if field.startswith("custom.")
    }
    if custom:
        body["custom"] = {**body.get("custom", {}), **custom}


def _contacts(body: dict[str, Any], parts: dict[str, list[str]]) -> None:
    for field, plural in (("email", "emails"), ("phone", "phones")):
        for column_type in ("", *TYPED[field]):
            name = f"{field}.{column_type}" if column_type else field
            for cell in parts.get(name, ()):
                points = body.setdefault(plural, [])
                points += [
                    {_VALUE[plural]: value, **({"type": column_type} if column_type else {})}
                    for value in _SEPARATORS[field].split(cell.strip())
                    if value
                ]
        if plural in body:
            body[plural] = _unique(body[plural], partial(_value_of, _VALUE[plural]))
    lines = {
        field.removeprefix("address."): " ".join(cells)
        for field, cells in parts.items()
        if field.startswith("address.")
    }
    if lines:
        body.setdefault("addresses", []).append(lines)


def _say_country(body: dict[str, Any], country: str | None) -> None:
    """Say whose a national phone number is: of the row's own address, else of the whole file."""
    own = next((a["country"] for a in body.get("addresses", ()) if _has_country(a)), country)
    for phone in body.get("phones", ()):
        if own is not None and isinstance(phone, dict):
            number = str(phone.get("number", ""))
            if not number.startswith(("+", "00")):
                phone.setdefault("country", own)


def _has_country(address: object) -> bool:
    return isinstance(address, dict) and bool(address.get("country"))


def _tags(cell: str) -> list[str]:
    read = _json_list(cell)
    return [tag for tag in _TAGS.split(cell) if tag] if read is None else list(map(str, read))


def _listed(field: str, cell: str) -> list[Any]:
    """Return the points of a cell: JSON as our export writes it, or one to a line."""
    read = _json_list(cell)
    if read is not None:
        return read
    if field == "addresses":
        return [{"street": cell}]
    singular = field.removesuffix("s")
    return [{_VALUE[field]: value} for value in _SEPARATORS[singular].split(cell) if value]


def _json_list(cell: str) -> list[Any] | None:
    """Return the list that our export wrote, or None where a cell is something else."""
    try:
        read = orjson.loads(cell) if cell[:1] == "[" else None
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, list) else None


def _custom(entry: Entry, column: str, cell: str) -> dict[str, Any]:
    try:
        read = orjson.loads(cell)
    except orjson.JSONDecodeError:
        read = None
    if isinstance(read, dict):
        return read
    entry.kept.append((column, cell))
    return {}


def _value_of(member: str, point: object) -> str:
    value = point.get(member) if isinstance(point, dict) else point
    return str(value).casefold()


def _unique(items: Iterable[T], key: Callable[[Any], str]) -> list[T]:
    first: dict[str, T] = {}
    for item in items:
        first.setdefault(key(item), item)
    return list(first.values())


def _without_id(point: object) -> object:
    if not isinstance(point, dict):
        return point
    return {name: value for name, value in point.items() if name not in {"id", "given"}}


def _first(parts: Mapping[str, list[str]], field: str) -> str | None:
    return parts[field][0].strip() if field in parts else None


def _joined(names: list[str]) -> str:
    """Return the parts of a name as one; Chinese names have the family first and no space."""
    cleaned = [name.strip() for name in names if name.strip()]
    if cleaned and all("\u4e00" <= name[0] <= "\u9fff" for name in cleaned):
        return "".join(reversed(cleaned))
    joined = " ".join(cleaned)
    return joined.title() if joined.islower() else joined
