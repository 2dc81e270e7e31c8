"""A file of vCards (2.1, 3.0 and 4.0: RFC 2426, RFC 6350) becomes rows, a card each."""

import quopri
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.customers.application.importing.csv_file import TOO_LONG
from services.customers.application.importing.lines import Line, Lines
from services.customers.application.importing.rows import (
    LONGEST_ROW,
    RECORD,
    Row,
    RowProblem,
    fit,
)

NOT_A_CARD: Final = RowProblem(
    RECORD, "A card begins here and does not end.", "close it with the line END:VCARD"
)
STRAY: Final = RowProblem(
    RECORD, "This line is outside of a card.", "put BEGIN:VCARD before it, or remove it"
)
_PROPERTY: Final = re.compile(r'^(?:[\w-]+\.)?([\w-]+)((?:;(?:[^":;]|"[^"]*")*)*):(.*)$', re.DOTALL)
_PARAMETER: Final = re.compile(r';((?:[^";]|"[^"]*")*)')
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_TYPES: Final = {"work": "work", "home": "home"}
_PHONE_TYPES: Final = {"cell": "mobile", "fax": "fax", **_TYPES}
_SILENT: Final = frozenset({"begin", "end", "version", "prodid", "rev", "photo", "logo", "sound"})


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a card: its name, its types, its value as it stands there."""

    name: str
    types: frozenset[str]
    value: str


class VcardFile:
    """The rows of a file of vCards."""

    columns: tuple[str, ...] = ()

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Row]:
        """Yield every card, and every line that belongs to none."""
        number, card = 0, list[Line]()
        for line in self._lines:
            word = "" if line.text is None else line.text.strip().upper()
            if card and word == "BEGIN:VCARD":
                number += 1
                yield _refused(number, card, NOT_A_CARD)
                card = [line]
            elif card:
                card.append(line)
                if word == "END:VCARD" or _is_too_long(card):
                    number += 1
                    yield _row(number, card)
                    card = []
            elif word == "BEGIN:VCARD":
                card = [line]
            elif word or line.text is None:
                number += 1
                yield _refused(number, [line], TOO_LONG if line.text is None else STRAY)
        if card:
            yield _refused(number + 1, card, NOT_A_CARD)


def _is_too_long(card: list[Line]) -> bool:
    return card[-1].text is None or sum(len(line.text or "") for line in card) > LONGEST_ROW


def _refused(number: int, card: list[Line], problem: RowProblem) -> Row:
    cells = {} if problem is TOO_LONG else fit({RECORD: _text(card)})[0]
    return Row(number, card[0].number, cells, problem=problem)


def _text(card: list[Line]) -> str:
    return "".join(line.text or "" for line in card).strip()


def _row(number: int, card: list[Line]) -> Row:
    if _is_too_long(card):
        return _refused(number, card, TOO_LONG)
    cells, problem = fit({RECORD: _text(card)})
    if problem is not None:
        return Row(number, card[0].number, cells, problem=problem)
    return Row(number, card[0].number, cells, parts_of(list(_properties(card))))


def _properties(card: list[Line]) -> Iterator[Property]:
    for text in _unfolded(card):
        match = _PROPERTY.match(text)
        if match is None:
            yield Property("", frozenset(), text)
            continue
        name, given, value = match.groups()
        parameters = [one.strip().lower() for one in _PARAMETER.findall(given)]
        types = {
            word.strip('" ')
            for parameter in parameters
            for word in parameter.removeprefix("type=").replace('"', "").split(",")
        }
        if "encoding=quoted-printable" in parameters or "quoted-printable" in types:
            value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
        if "pref=1" in parameters:
            types.add("pref")
        yield Property(name.lower(), frozenset(types), value)


def _unfolded(card: list[Line]) -> Iterator[str]:
    """Yield logical lines: one that begins with a space goes on the one before (RFC 6350 §3.2)."""
    whole = ""
    for line in card:
        text = (line.text or "").rstrip("\r\n")
        is_soft = whole.endswith("=") and "QUOTED-PRINTABLE" in whole.upper()
        if text[:1] in {" ", "\t"} and not is_soft:
            whole += text[1:]
        elif is_soft:
            whole = whole[:-1] + text
        else:
            if whole:
                yield whole
            whole = text
    if whole:
        yield whole


def parts_of(properties: list[Property]) -> dict[str, Any]:
    """Return what a card says, member by member as `POST /v1/customers` takes it."""
    parts: dict[str, Any] = {"emails": [], "phones": [], "addresses": [], "tags": []}
    for each in sorted(properties, key=lambda p: "pref" not in p.types):
        if each.name not in _SILENT:
            _add(parts, each)
    names = parts.pop("n", "")
    parts["name"] = parts.get("name") or names or parts.get("organisation", "")
    kind = parts.pop("vcard_kind", "").casefold()
    is_one = kind == "org" or (not kind and parts["name"] == parts.get("organisation"))
    parts["kind"] = "organisation" if is_one else "person"
    if is_one:
        parts.pop("organisation", None)
    return {name: value for name, value in parts.items() if value}


def _add(parts: dict[str, Any], each: Property) -> None:
    if each.name in _TEXTS:
        parts[_TEXTS[each.name]] = _plain(each.value)
    elif each.name in _LISTS:
        name, read = _LISTS[each.name]
        parts[name] += read(each)
    elif each.name == "n":
        family, given, more, *_ = [*_split(each.value), "", "", ""]
        parts["n"] = " ".join(part for part in (given, more, family) if part)
    elif each.name == "org":
        parts["organisation"] = ", ".join(part for part in _split(each.value) if part)
    else:
        label = each.name or "line"
        told = "; ".join(part for part in _split(each.value) if part)
        parts[label] = f"{parts[label]}; {told}" if label in parts else told


def _emails(each: Property) -> list[dict[str, str]]:
    address = _plain(each.value).removeprefix("mailto:")
    return [{"address": address, "type": _type(each, _TYPES)}]


def _phones(each: Property) -> list[dict[str, str]]:
    number = _plain(each.value).removeprefix("tel:")
    return [{"number": number, "type": _type(each, _PHONE_TYPES)}]


def _tags(each: Property) -> list[str]:
    return [part for part in _split(each.value, ",") if part]


def _addresses(each: Property) -> list[dict[str, str]]:
    box, extended, street, city, region, code, country, *_ = [*_split(each.value), *[""] * 7]
    lines = ", ".join(part for part in (street, extended, box) if part)
    found = {
        "street": lines, "city": city, "region": region, "postal_code": code, "country": country
    }  # fmt: skip
    told = {name: value for name, value in found.items() if value}
    return [{**told, "type": _type(each, _TYPES)}]


def _type(each: Property, known: dict[str, str]) -> str:
    return next((known[name] for name in known if name in each.types), "other")


def _split(value: str, by: str = ";") -> list[str]:
    """Cut a value where its separator is not escaped."""
    return [_plain(part) for part in re.split(rf"(?<!\\){by}", value)]


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], value).strip()


_TEXTS: Final = {"fn": "name", "kind": "vcard_kind", "note": "note", "uid": "key"}
_LISTS: Final[Mapping[str, tuple[str, Callable[[Property], list[Any]]]]] = {
    "email": ("emails", _emails),
    "tel": ("phones", _phones),
    "adr": ("addresses", _addresses),
    "categories": ("tags", _tags),
}
