"""A consumer's end state is compared with the tape's: each difference by scene and field."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
NOTHING = object()


def differences(expected: Mapping[str, Json], shown: Mapping[str, Any]) -> list[str]:
    """Return one line per difference, scene and field first; an empty list means passed.

    `shown` maps scene names to end states, as `expected` does.
    """
    found: list[str] = []
    for scene, state in expected.items():
        if scene not in shown:
            found.append(f"{scene}: there is no end state")
        else:
            found += [
                f"{scene}: {told}" for told in _compare("", by_field(state), _of(shown[scene]))
            ]
    found += [f"{scene}: the tape has no such scene" for scene in shown if scene not in expected]
    return found


def by_field(state: Json) -> Json:
    """Return the end state with its marks by place, so that a difference has a name."""
    marks = {
        f"{mark['source']} {mark['topic']} {mark['partition']}": {
            "epoch": mark["epoch"],
            "feed_position": mark["feed_position"],
        }
        for mark in state["marks"]
    }
    return {**state, "marks": marks}


def _of(shown: object) -> object:
    """Return a shown end state by field; one that has another shape is compared as it is."""
    try:
        return by_field(shown) if isinstance(shown, dict) else shown
    except (KeyError, TypeError):
        return shown


def _compare(field: str, expected: object, shown: object) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(shown, Mapping):
        for name in [*expected, *(name for name in shown if name not in expected)]:
            inner = f"{field}.{name}" if field else str(name)
            yield from _compare(inner, expected.get(name, NOTHING), shown.get(name, NOTHING))
    elif expected is NOTHING:
        yield f"{field} should not be there, and is {_short(shown)}"
    elif shown is NOTHING:
        yield f"{field} is missing; it should be {_short(expected)}"
    elif expected != shown:
        yield f"{field} is {_short(shown)}; it should be {_short(expected)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004  a line of a terminal
