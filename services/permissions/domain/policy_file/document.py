"""A YAML text becomes plain values, and each value is known by its line.

Read is only what JSON has too, and times: no tags, no anchors, no name twice.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import yaml

from shared.errors import InvalidInputError

LARGEST: Final = 8_000_000
PEOPLE: Final = "subjects"
Path = tuple[str | int, ...]
_PLAIN: Final = (str, int, float, bool, date, type(None))


@dataclass(frozen=True, slots=True)
class Document:
    """The values, and the line (from 1) of each by the way to it."""

    values: Any
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of a value, or of the nearest one around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def place(self, path: Path) -> str:
        """Return where a value stands, for people: line 12, roles.viewer.level.

        People are told by their place, subjects[3], never by their names.
        """
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        if len(known) > 1 and known[0] == PEOPLE:
            known = (PEOPLE, list(self.values[PEOPLE]).index(known[1]), *known[2:])
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in known)
        return f"line {self.line_of(path)}" + (f", {name.removeprefix('.')}" if name else "")


def read_document(text: str) -> Document:
    """Return what the text says.

    Raises:
        InvalidInputError: it is no YAML, or uses what is not read here; names the line.
    """
    if len(text) > LARGEST:
        raise InvalidInputError(
            "the file is too large", field="file", fix=f"send at most {LARGEST:,} characters"
        )
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        values = _Reader(loader, lines).read(node, ()) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise _refused(line, "is no YAML", "look at the indentation and the quotation marks") from (
            error
        )
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _refused(1, "cannot be read", "send YAML in UTF-8, not nested too deep") from error
    return Document(values, lines)


class _Reader:
    """Turns nodes into values, and notes where they stand."""

    def __init__(self, loader: yaml.SafeLoader, lines: dict[Path, int]) -> None:
        self._loader = loader
        self._lines = lines
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401
        line = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        if id(node) in self._seen:
            raise _refused(line, "uses an anchor", "write it out once more")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(one, (*path, number)) for number, one in enumerate(node.value)]
        value = self._loader.construct_object(node)
        if not isinstance(value, _PLAIN):
            raise _refused(line, "holds a value of another kind", "write it in quotation marks")
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key: Hashable = (
                self._loader.construct_object(key_node)
                if isinstance(key_node, yaml.ScalarNode)
                else None
            )
            if not isinstance(key, str):
                raise _refused(line, "has a name that is no text", "write it in quotation marks")
            if key in values:
                raise _refused(line, "says one name twice", "say it once")
            self._lines[*path, key] = line
            values[key] = self.read(value_node, (*path, key))
        return values


def _refused(line: int, problem: str, fix: str) -> InvalidInputError:
    return InvalidInputError(f"line {line} {problem}", field=f"line {line}", fix=fix)
