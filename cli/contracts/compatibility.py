"""Nothing that was published stops being true: an event's shape may only gain optional fields.

Events are stored for ever and are read by programs of every age. So within one schema version
two readers must be served at once: the one of today gets events that are written tomorrow, and the
one of tomorrow gets events that were written yesterday. Whatever either cannot read needs a new
schema version, with an upcaster for our own readers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from cli.contracts.gathering import TopicContracts, Versioned
from cli.contracts.problems import Problem
from cli.contracts.schemas import EventContract, Schema, resolved

ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "examples", "deprecated"}
)
COMPARED_ONE_BY_ONE = frozenset({"properties", "required", "items", "anyOf", "enum", "default"})


@dataclass(frozen=True, slots=True)
class _Side:
    """A schema, and the document that its references point into."""

    schema: Schema
    root: Schema

    def at(self, schema: Schema) -> "_Side":
        return _Side(resolved(schema, self.root), self.root)


def incompatibilities(
    before: Mapping[Versioned, EventContract], now: TopicContracts
) -> Iterator[Problem]:
    """Yield every way in which the contracts break what was published before."""
    for (name, version), published in before.items():
        current = now.current.get(name)
        if current is None:
            yield Problem(
                f"{name} was published, and is gone from the code; its events are stored for ever.",
                "keep the class among the events of its codec",
            )
        elif version > current.version:
            yield Problem(
                f"{name} was published as version {version}, and the code says {current.version}.",
                f"set schema_version of {name} to {version} or higher",
            )
        elif version == current.version:
            yield from _broken(published, current, now)
    for name, current in now.current.items():
        for version in range(1, current.version):
            yield from _unreadable(name, version, before, now)


def changes(before: EventContract, now: EventContract) -> Iterator[str]:
    """Yield what changed so that one of the two readers stumbles, field by field."""
    yield from _changes("", _Side(before.value, before.value), _Side(now.value, now.value))
    if before.personal is not None and now.personal is not None:
        old, new = before.personal, now.personal
        yield from _changes("personal", _Side(old, old), _Side(new, new))


def _broken(
    published: EventContract, current: EventContract, now: TopicContracts
) -> Iterator[Problem]:
    for change in changes(published, current):
        version = f"schema_version: ClassVar[int] = {current.version + 1}"
        yield Problem(
            f"{published.type}, version {published.version}: {change}.",
            f"take the change back, or make it a new version: `{version}` and an upcaster for"
            f' ("{published.type}", {published.version}) in {now.published.upcasters_in}',
        )


def _unreadable(
    name: str, version: int, before: Mapping[Versioned, EventContract], now: TopicContracts
) -> Iterator[Problem]:
    if (name, version) not in before:
        yield Problem(
            f"The contract of {name}, version {version}, is missing; such events may be stored.",
            f"bring back docs/contracts/{now.published.folder}/{name}.{version}.json"
            " (git log finds it)",
        )
    if now.published.codec.unreachable([(name, version)]):
        yield Problem(
            f"No upcasters lead from {name}, version {version}, to version"
            f" {now.current[name].version}.",
            f'add one for ("{name}", {version}) in {now.published.upcasters_in}',
        )


def _changes(path: str, old: _Side, new: _Side) -> Iterator[str]:
    where = path or "the value"
    if _plain(old.schema) != _plain(new.schema):
        yield f"{where} was {_told(old.schema)} and is {_told(new.schema)}"
        return
    yield from _of_choices(where, old.schema, new.schema)
    yield from _of_fields(path, old, new)
    if "items" in old.schema and "items" in new.schema:
        yield from _changes(f"{path}[]", old.at(old.schema["items"]), new.at(new.schema["items"]))
    yield from _of_alternatives(path, where, old, new)


def _of_choices(where: str, old: Schema, new: Schema) -> Iterator[str]:
    was, now = set(old.get("enum", [])), set(new.get("enum", []))
    for value in sorted(map(str, now - was)):
        yield f"{where} may be `{value}` now, which its readers do not know"
    for value in sorted(map(str, was - now)):
        yield f"{where} may not be `{value}` any more, which stored events are"
    if old.get("default") != new.get("default"):
        yield (
            f"where {where} is absent it meant {old.get('default')!r}"
            f" and would mean {new.get('default')!r}"
        )


def _of_fields(path: str, old: _Side, new: _Side) -> Iterator[str]:
    was, now = old.schema.get("properties", {}), new.schema.get("properties", {})
    needed, needs = set(old.schema.get("required", [])), set(new.schema.get("required", []))
    for name in sorted(was.keys() - now.keys()):
        yield f"{_dotted(path, name)} is gone, and its readers miss it"
    for name in sorted((now.keys() - was.keys()) & needs):
        yield f"{_dotted(path, name)} is new and required, and stored events do not have it"
    for name in sorted(was.keys() & now.keys()):
        field = _dotted(path, name)
        if name in needs - needed:
            yield f"{field} is required now, and stored events may lack it"
        if name in needed - needs:
            yield f"{field} may be absent now, and its readers count on it"
        yield from _changes(field, old.at(was[name]), new.at(now[name]))


def _of_alternatives(path: str, where: str, old: _Side, new: _Side) -> Iterator[str]:
    pairs = zip_longest(old.schema.get("anyOf", []), new.schema.get("anyOf", []))
    for was, now in pairs:
        if was is None or now is None:
            yield f"{where} was {_told(old.schema)} and is {_told(new.schema)}"
            return
        yield from _changes(path, old.at(was), new.at(now))


def _plain(schema: Schema) -> Schema:
    """Return the rules of a schema that are compared as they stand."""
    skipped = ANNOTATIONS | COMPARED_ONE_BY_ONE
    plain = {
        key: value
        for key, value in schema.items()
        if key not in skipped and not key.startswith("x-")
    }
    return plain | {"has enum": "enum" in schema}


def _told(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_told(option) for option in schema["anyOf"])
    kind = schema.get("$ref", "").removeprefix("#/$defs/") or schema.get("type", "anything")
    rules = {
        k: v for k, v in sorted(_plain(schema).items()) if k not in {"type", "has enum", "$ref"}
    }
    choices = " of a fixed list" if "enum" in schema else ""
    return f"{kind}{choices}" + (
        f" ({', '.join(f'{k} {v}' for k, v in rules.items())})" * bool(rules)
    )


def _dotted(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
