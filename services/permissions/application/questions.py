"""A question about rights, in the words of who asks: their names for people, things and actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject or a resource, by the name that the asker has for it."""

    type: str
    id: str
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """What would be done; with the type of its resource it is a permission."""

    name: str
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """May this subject do this to this resource?"""

    subject: Entity
    action: Action
    resource: Entity
    context: Properties = field(default_factory=dict)
