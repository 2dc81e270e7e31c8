"""What an event is: as the domain says it (Event), ready to be stored, and as the store has it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Personal(BaseModel):
    """The personal fields of one event; on the wire one JWE in the event's member `personal`.

    The docstring under each field is its published meaning.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Event(BaseModel):
    """A fact in the past tense: only what changed. Its fields are the published contract.

    The docstring of the class and the one under each field are their published meaning.
    A field named `personal` holds a `Personal`; it is None once the subject's key is destroyed.
    Unknown members are ignored, so that a newer writer never breaks an older reader.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    schema_version: ClassVar[int] = 1
    erases_subject: ClassVar[bool] = False
    """Whether nothing may be kept any more of the person that the event is about."""


@dataclass(frozen=True, slots=True)
class EventToAppend:
    """One event, ready to be stored: its bytes are what will be hashed, sent and served."""

    event_id: UUID
    type: str
    schema_version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, in which conversation, by which connection: the same for all events of a call."""

    actor: str
    correlation_id: UUID
    causation_id: UUID | None = None
    connection: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event as the store has it; (txid, position) is its place in the order of the log."""

    event_id: UUID
    stream: str
    version: int
    type: str
    schema_version: int
    subject: str
    partition: int
    txid: int
    position: int
    recorded_at: datetime
    origin: Origin
    data: bytes
