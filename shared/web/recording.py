"""Who was shown what, who was refused and what broke is written down where every request passes.

An access is noted after the answer is made and kept a moment later, many to a transaction; what a
route declares restricted is durable before its answer leaves, and without its record there is no
answer (503). A refusal is durable before it leaves, too; if the store takes nothing, it stays a
refusal and its record is made up for by a count. Nothing is written down of what a caller sent:
neither path nor query nor body nor token.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Scope

from shared.authorization.leaving import DecidingProcess
from shared.authorization.noting import kind_of
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import (
    DaybookError,
    NotPermittedError,
    NotSignedInError,
    UnavailableError,
    UndecidedError,
)
from shared.events import Event
from shared.eventstore.record_types import (
    ANONYMOUS,
    AccessRecorded,
    ErrorRecorded,
    RefusalRecorded,
)
from shared.eventstore.records import RecordRefusedError
from shared.observability.failures import place_of
from shared.observability.traces import current_trace_id
from shared.web.answers import JsonAnswer
from shared.web.callers import Caller
from shared.web.decision_log import DecisionLog, Keeper
from shared.web.downloads import Download
from shared.web.repeats import Repeats
from shared.web.taken import Taken

log = logging.getLogger(__name__)

MOST_EQUAL_REFUSALS: Final = 100
MOST_EQUAL_ERRORS: Final = 1
LOOK_EVERY_SECONDS: Final = 1.0
_GOOD: Final = 400
_LEAVES_AT_ONCE: Final = (JsonAnswer, Response)


@dataclass(frozen=True, slots=True)
class Access:
    """A route declares that what it shows is written down.

    `target` is the path parameter with the opaque id of what is shown, where that is no customer.
    """

    target: str | None = None
    is_restricted: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A route as records name it; `about` is the path parameter with the customer's id."""

    operation: str
    route: str
    permission: Permission
    about: str | None = None
    access: Access | None = None
    queries: frozenset[str] = frozenset()


class Recorder:
    """Writes the records of one api; `run` while it serves and `close` afterwards."""

    def __init__(
        self,
        keeper: Keeper,
        clock: Clock,
        *,
        every_decision: bool = False,
        process: DecidingProcess | None = None,
    ) -> None:
        """Tell every decision by itself if `every_decision`, else count ordinary allowances."""
        self._keeper = keeper
        self.decisions = DecisionLog(keeper, clock, everything=every_decision, process=process)
        self._under_way: dict[int, tuple[Place, Scope, Caller]] = {}
        self._taken: dict[int, Taken] = {}
        self._untold: list[Taken] = []
        self._refusals: Repeats[tuple[RefusalRecorded, str]] = Repeats(clock, MOST_EQUAL_REFUSALS)
        self._errors: Repeats[ErrorRecorded] = Repeats(clock, MOST_EQUAL_ERRORS)

    async def shown(self, place: Place, scope: Scope, caller: Caller, answer: Response) -> None:
        """Write down what was decided, and an access that the route declares.

        A failed request shows nothing. An answer that leaves bit by bit is `ended` later.

        Raises:
            UnavailableError: the record cannot be kept, so the answer must not leave.
        """
        kind = _kind_of(caller)
        await self._settle(place, scope, caller)
        access = place.access
        if access is not None and answer.status_code < _GOOD:
            await self._accessed(access, place, scope, caller, answer, kind)
        if type(answer) not in _LEAVES_AT_ONCE:
            self._under_way[id(caller)] = (place, scope, caller)

    async def _accessed(
        self, access: Access, place: Place, scope: Scope, caller: Caller, answer: Response,
        kind: str | None,
    ) -> None:  # fmt: skip
        customer = _customer(place, scope)
        target = customer if access.target is None else scope["path_params"][access.target]
        record = AccessRecorded(
            operation=place.operation,
            route=place.route,
            permission=place.permission,
            target=target,
            items=answer.items if isinstance(answer, JsonAnswer) else None,
            asked_by=_asked_by(place, scope),
            is_restricted=access.is_restricted,
            kind=kind,
            acting_as=_acted_as(caller),
        )
        write = self._keeper.keep if access.is_restricted else self._keeper.note
        subject = customer or caller.subject
        await write(record, subject=subject, actor=caller.accountable)
        if isinstance(answer, Download):
            taken = Taken(self._keeper, answer, record, subject, caller.accountable)
            self._taken[id(caller)] = taken

    async def failed(
        self, place: Place, scope: Scope, caller: Caller | None, error: Exception
    ) -> None:
        """Write down what was decided, and another refusal (401, 403) or unexpected error (500).

        What was refused by a decision is on record as that decision.
        """
        is_decided = caller is not None and await self._settle(place, scope, caller)
        match error:
            case NotPermittedError() | UndecidedError() if is_decided:
                return
            case NotSignedInError() | NotPermittedError() | UndecidedError():
                await self._refused(place, scope, caller, error)
            case DaybookError() if error.status != DaybookError.status:
                return
            case HTTPException() | ClientDisconnect():
                return
            case _:
                await self._broke(place, caller, error)

    async def ended(self, caller: Caller) -> None:
        """Write down what was decided while an answer left bit by bit, and how much left."""
        under_way = self._under_way.pop(id(caller), None)
        taken = self._taken.pop(id(caller), None)
        if under_way is not None:
            await self._settle(*under_way, is_running=True)
        if taken is not None:
            await self._tell_ends([taken])

    async def run(self, stop: asyncio.Event) -> None:
        """Tell what was counted when its minute is over, until `stop` is set."""
        while not stop.is_set():
            await self._tell()
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Tell what was counted, also in the minute that is not over."""
        await self._tell(all_of_it=True)

    async def _settle(
        self, place: Place, scope: Scope, caller: Caller, *, is_running: bool = False
    ) -> bool:
        if not caller.notes:
            return False
        about, headers = _customer(place, scope), scope["headers"]
        return await self.decisions.settle(
            caller.notes, place.operation, about, is_running=is_running, headers=headers
        )

    async def _refused(
        self, place: Place, scope: Scope, caller: Caller | None, error: DaybookError
    ) -> None:
        actor = ANONYMOUS if caller is None else caller.accountable
        refusal = RefusalRecorded(
            operation=place.operation,
            route=place.route,
            permission=place.permission,
            status=error.status,
            code=error.problem_code,
            acting_as=_acted_as(caller),
        )
        if not self._refusals.is_to_be_told((refusal, actor)):
            return
        try:
            subject = _customer(place, scope) or actor
            await self._keeper.keep(refusal, subject=subject, actor=actor)
        except UnavailableError:
            self._refusals.count((refusal, actor))
        except RecordRefusedError:
            return  # Told and counted by the keeper; a refusal stays a refusal.

    async def _broke(self, place: Place, caller: Caller | None, error: Exception) -> None:
        module, line = place_of(error)
        cause = ErrorRecorded(
            operation=place.operation,
            route=place.route,
            error=type(error).__name__,
            module=module,
            line=line,
            acting_as=_acted_as(caller),
        )
        if not self._errors.is_to_be_told(cause):
            return
        record = cause.model_copy(update={"trace_id": current_trace_id()})
        actor = ANONYMOUS if caller is None else caller.accountable
        try:
            await self._keeper.note(record, subject=actor, actor=actor)
        except UnavailableError:
            self._errors.count(cause)

    async def _tell_ends(self, downloads: Iterable[Taken]) -> None:
        """Tell how downloads ended; what the store does not take now has its turn again."""
        for taken in downloads:
            if not await taken.tell(has_ended=True):
                self._untold.append(taken)

    async def _tell(self, *, all_of_it: bool = False) -> None:
        for under_way in list(self._under_way.values()):
            await self._settle(*under_way, is_running=True)
        for taken in list(self._taken.values()):
            await taken.tell()
        untold, self._untold = self._untold, []
        await self._tell_ends(untold)
        await self.decisions.tell(all_of_it=all_of_it)
        for key, counted in self._refusals.take(all_of_them=all_of_it):
            refusal, actor = key
            record = refusal.model_copy(update=counted.told())
            if not await self._is_noted(record, actor):
                self._refusals.put_back(key, counted)
        for cause, counted in self._errors.take(all_of_them=all_of_it):
            again = cause.model_copy(update={"times": counted.times})
            if not await self._is_noted(again, ANONYMOUS):
                self._errors.put_back(cause, counted)

    async def _is_noted(self, record: Event, actor: str) -> bool:
        try:
            await self._keeper.note(record, subject=actor, actor=actor)
        except UnavailableError:
            log.warning("a count of records cannot be kept yet")
            return False
        return True


def _kind_of(caller: Caller) -> str | None:
    """Return whether a person or a service asks, as was known when it was decided."""
    if not caller.notes:
        return None
    return kind_of(caller.notes[0][0].basis.world, caller.accountable)


def _acted_as(caller: Caller | None) -> str | None:
    """Return as whom the caller acts, if as somebody else."""
    return None if caller is None or caller.actor is None else caller.subject


def _customer(place: Place, scope: Scope) -> str | None:
    """Return the customer's id as events write it; what stands there and is no id is nobody's."""
    if place.about is None:
        return None
    try:
        return str(UUID(scope["path_params"][place.about]))
    except ValueError:
        return None


def _asked_by(place: Place, scope: Scope) -> tuple[str, ...]:
    """Return which of the declared parameters were sent; any other name may be anything."""
    sent = {part.partition(b"=")[0] for part in scope["query_string"].split(b"&")}
    return tuple(sorted(name for name in place.queries if name.encode() in sent))
