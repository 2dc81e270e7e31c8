"""A JSON log line of ours can be read by a person; any other line is shown as it is."""

import json
from collections.abc import Mapping

# The same in every line of a process, or of use only to a machine.
LEFT_OUT = {"time", "level", "logger", "message", "service", "role", "error"}


def readable(line: str) -> str:
    """Return time, level, sentence and fields of a JSON log line, or the line itself."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    if not isinstance(said, dict) or "message" not in said:
        return line
    lead = [str(said.get("time", ""))[11:23], str(said.get("level", "")), str(said["message"])]
    fields = [
        f"{name}={value}"
        for name, value in said.items()
        if name not in LEFT_OUT and value is not None
    ]
    return " ".join([*filter(None, lead), *fields, *_failure(said.get("error"))])


def _failure(error: object) -> list[str]:
    """Say an exception in one breath: what it is, what it says, where."""
    if not isinstance(error, Mapping):
        return [f"error={error}"] if error else []
    stack = error.get("stack") or []
    place = f"at {stack[-1]}" if isinstance(stack, list) and stack else ""
    said = (str(error.get("type", "")), str(error.get("detail", "")), place)
    return [part for part in said if part]
