"""What administrators do with custom fields: each command one transaction on one stream."""

from asyncio import Event as Signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from uuid6 import uuid7

from services.customers.domain.field.commands import DeclareField, FieldCommand
from services.customers.domain.field.events import FieldEvent
from services.customers.domain.field.rules import (
    NO_FIELDS,
    Field,
    Fields,
    decide,
    evolve,
    no_such_field,
)
from services.customers.storage.codec import CODEC
from shared.clock import Clock
from shared.errors import VersionConflictError
from shared.eventstore.codec import NothingSealed
from shared.eventstore.origins import origin_of
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import NOTHING_TO_REMEMBER, Remember
from shared.observability.metrics import UNMEASURED, Metrics

SUBJECT: Final = UUID("6b0f5f0c-5d0e-4b7e-9d55-0c3f6f1e2a44")
"""The one subject of all declarations: names are unique because one stream holds them all."""
STREAM: Final = f"fields-{SUBJECT}"
# Administrators are few; more than one at the same moment is an accident.
TRIES = 10


@dataclass(frozen=True, slots=True)
class LoadedFields:
    """Every declaration as of one version of their stream, and when each one changed last."""

    fields: Fields
    version: int
    versions: Mapping[str, int]

    def versioned(self, name: str) -> tuple[Field, int]:
        """Return a field and the version of its last change.

        Raises:
            NotFoundError: there is no such field.
        """
        if name not in self.fields:
            raise no_such_field()
        return self.fields[name], self.versions[name]


@dataclass(frozen=True, slots=True)
class FieldOutcome:
    """What a command led to: the field after it."""

    field: Field
    version: int
    token: TokenPart | None
    is_replay: bool = False


async def load_fields(store: EventStore, *, version: int | None = None) -> LoadedFields:
    """Return the declarations, now or as of a version of their stream.

    Raises:
        UnavailableError: the store does not answer.
    """
    recorded = await store.load(STREAM, version=version)
    fields, versions = NO_FIELDS, {}
    for record, event in zip(recorded, await CODEC.decode(recorded, NothingSealed()), strict=True):
        if event is not None:
            told = cast("FieldEvent", event)
            fields, versions[told.name] = evolve(fields, told), record.version
    return LoadedFields(fields, recorded[-1].version if recorded else 0, versions)


class FieldCommands:
    """Runs commands on the declarations."""

    def __init__(
        self, store: EventStore, clock: Clock, appended: Signal, metrics: Metrics = UNMEASURED
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes."""
        self._store = store
        self._clock = clock
        self._appended = appended
        self._metrics = metrics

    async def run(
        self,
        command: FieldCommand,
        *,
        actor: str,
        expected_version: int | None = None,
        remember: Remember | None = None,
    ) -> FieldOutcome:
        """Do what is asked of one field; `expected_version` is that of its last change.

        Raises:
            NotFoundError: there is no such field.
            VersionConflictError: somebody changed this field since it was read.
            RuleBrokenError, InvalidInputError: what `decide` refuses.
            UnavailableError: the store does not answer.
        """
        with self._metrics.command(type(command).__name__):
            for _ in range(TRIES):
                try:
                    return await self._try(command, actor, expected_version, remember)
                except _OthersWereFasterError:
                    continue
        raise VersionConflictError("others keep declaring fields", fix="try again in a moment")

    async def _try(
        self,
        command: FieldCommand,
        actor: str,
        expected_version: int | None,
        remember: Remember | None,
    ) -> FieldOutcome:
        before = await load_fields(self._store)
        if remember is not None and (done := await self._store.remembered(remember)) is not None:
            return await self._as_of(done.version, command.name, done.token, is_replay=True)
        if not isinstance(command, DeclareField):
            _refuse_stale(before.versioned(command.name)[1], expected_version)
        events = decide(before.fields, command)
        if not events and remember is None:
            return FieldOutcome(*before.versioned(command.name), None)
        try:
            appended = await self._store.append(
                STREAM,
                str(SUBJECT),
                before.version,
                [CODEC.encode(event, uuid7()) for event in events],
                origin_of(actor),
                self._clock.now(),
                remember or NOTHING_TO_REMEMBER,
            )
        except VersionConflictError as error:
            # Of another field, perhaps: if it was this one, the next look at its version says so.
            raise _OthersWereFasterError from error
        self._appended.set()
        return await self._as_of(
            appended.version, command.name, appended.token, is_replay=appended.is_replay
        )

    async def _as_of(
        self, version: int, name: str, token: TokenPart, *, is_replay: bool
    ) -> FieldOutcome:
        after = await load_fields(self._store, version=version)
        return FieldOutcome(*after.versioned(name), token, is_replay)


class _OthersWereFasterError(Exception):
    """Somebody else declared something between the look and the append."""


def _refuse_stale(current: int, expected: int | None) -> None:
    if current != expected:
        raise VersionConflictError(
            f"you read version {expected}, the field is at {current}",
            current_version=current,
            field="If-Match",
            fix="read it again, look at what changed, and send the change with the new ETag",
        )
