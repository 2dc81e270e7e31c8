"""What people do with saved views; a view is read from its own events, so it is always current.

Whose a view is, whether it is shared and whether it is there is clear in its events, so that views
are listed without opening those that are not shown.
"""

from asyncio import Event as Signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from uuid import UUID

from uuid6 import uuid7

from services.customers.domain.view.commands import DeleteView, SaveView, ViewCommand
from services.customers.domain.view.events import (
    ViewDeleted,
    ViewEvent,
    ViewShared,
    ViewUnshared,
)
from services.customers.domain.view.rules import NO_VIEW, View, decide, evolve, no_such_view
from services.customers.storage.codec import CODEC
from shared.clock import Clock
from shared.errors import YOURSELF, RuleBrokenError, VersionConflictError
from shared.events import RecordedEvent
from shared.eventstore.origins import in_whose_name, origin_of
from shared.eventstore.rows import EVENT_COLUMNS, event_of
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import NOTHING_TO_REMEMBER, Appended, Remember
from shared.observability.metrics import UNMEASURED, Metrics
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKey, SubjectKeys

STREAMS: Final = "view-"
MOST_VIEWS: Final = 200
# The events of all views lie side by side in the primary key, and no other stream between them.
OF_ALL = f"""from events e where e.stream > $2 and e.stream < 'view.' group by e.stream
    having not bool_or(e.type = '{ViewDeleted.__name__}')"""
# Whoever acts as somebody else saves views that are the other one's, as `in_whose_name` has it.
OWNER = "coalesce(substring(e.connection from '^acting-as-(.*)$'), e.actor)"
IS_MINE = f"bool_or(e.version = 1 and {OWNER} = $1)"
LATEST = "coalesce(max(e.version) filter (where e.type = '{}'), 0)"
IS_SHARED = f"{LATEST.format(ViewShared.__name__)} > {LATEST.format(ViewUnshared.__name__)}"
SEEN = f"select e.stream {OF_ALL} and ({IS_MINE} or {IS_SHARED}) order by e.stream limit $3"
MINE = f"select count(*) from (select {OF_ALL} and {IS_MINE}) mine"
LOAD = f"select {EVENT_COLUMNS} from events e where e.stream = any($1) order by e.stream, e.version"


@dataclass(frozen=True, slots=True)
class LoadedView:
    """A view as of one version."""

    id: UUID
    view: View
    version: int
    kid: str


@dataclass(frozen=True, slots=True)
class ViewOutcome:
    """What a command led to: the view after it; no token if nothing changed."""

    view: LoadedView
    token: TokenPart | None
    is_replay: bool = False


class SavedViews:
    """Reads views and runs commands on them."""

    def __init__(
        self,
        store: EventStore,
        truth: Lanes,
        keys: SubjectKeys,
        clock: Clock,
        appended: Signal,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes."""
        self._store = store
        self._truth = truth
        self._keys = keys
        self._clock = clock
        self._appended = appended
        self._metrics = metrics

    async def seen_by(self, person: str, after: UUID | None, size: int) -> list[LoadedView]:
        """Return up to `size` views that are theirs or shared, in the order of saving.

        Raises:
            UnavailableError: the store or the key database does not answer.
        """
        behind = STREAMS if after is None else f"{STREAMS}{after}"
        rows = await self._truth.fetch(SEEN, person, behind, size)
        events = await self._truth.fetch(LOAD, [row["stream"] for row in rows])
        loaded = await self._fold([event_of(row) for row in events])
        return [one for one in loaded if one.view.is_seen_by(person)]

    async def load(self, view_id: UUID, person: str, *, version: int | None = None) -> LoadedView:
        """Return a view, now or at a version.

        Raises:
            NotFoundError: there is no such view, or none that this person may see.
        """
        loaded = await self._fold(await self._store.load(f"{STREAMS}{view_id}", version=version))
        if not loaded or not loaded[0].view.is_seen_by(person):
            raise no_such_view()
        return loaded[0]

    async def save(
        self, command: SaveView, *, actor: str, remember: Remember | None = None
    ) -> ViewOutcome:
        """Save a view as somebody's own.

        Raises:
            RuleBrokenError: they have as many as one can have.
            InvalidInputError: the idempotency key belongs to another request.
        """
        with self._metrics.command("SaveView"):
            if remember is not None and (done := await self._store.remembered(remember)):
                return await self._replay(done, actor)
            if int(await self._truth.fetchval(MINE, actor, STREAMS)) >= MOST_VIEWS:
                raise _too_many_views()
            view_id = uuid7()
            key = await self._keys.make_for("view", view_id)
            events = decide(NO_VIEW, replace(command, key_commitment=key.commitment), by=actor)
            if remember is not None:
                remember = replace(remember, location=f"/v1/views/{view_id}")
            before = LoadedView(view_id, NO_VIEW, 0, key.kid)
            return await self._append(before, events, key, actor, remember)

    async def change(
        self,
        view_id: UUID,
        expected_version: int,
        command: ViewCommand,
        *,
        actor: str,
        remember: Remember | None = None,
    ) -> ViewOutcome:
        """Change a view of one's own.

        Raises:
            NotFoundError: there is no such view, or none that this person may see.
            NotPermittedError: it is somebody else's.
            VersionConflictError: it was changed since it was read.
        """
        with self._metrics.command(type(command).__name__):
            before = await self.load(view_id, actor)
            if remember is not None and (done := await self._store.remembered(remember)):
                return await self._replay(done, actor)
            events = decide(before.view, command, by=actor)
            _refuse_stale(before.version, expected_version)
            if not events and remember is None:
                return ViewOutcome(before, None)
            cipher = (await self._keys.read([before.kid]))[before.kid]
            if cipher is None:
                raise no_such_view()
            key = SubjectKey(before.kid, b"", cipher, "")
            return await self._append(before, events, key, actor, remember)

    async def delete(self, view_id: UUID, expected_version: int, *, actor: str) -> None:
        """Take a view of one's own away, and destroy its key.

        Killed between the two, the next start or look destroys the key (`view_deletions`).
        """
        kid = (await self.load(view_id, actor)).kid
        await self.change(view_id, expected_version, DeleteView(kid), actor=actor)
        await self._keys.destroy([kid])

    async def _append(
        self,
        before: LoadedView,
        events: Sequence[ViewEvent],
        key: SubjectKey,
        actor: str,
        remember: Remember | None,
    ) -> ViewOutcome:
        appended = await self._store.append(
            f"{STREAMS}{before.id}",
            str(before.id),
            before.version,
            [CODEC.encode(event, uuid7(), key) for event in events],
            origin_of(actor),
            self._clock.now(),
            remember or NOTHING_TO_REMEMBER,
        )
        self._appended.set()
        if appended.is_replay:
            return await self._replay(appended, actor)
        view = before.view
        for event in events:
            view = evolve(view, event, by=actor)
        after = LoadedView(before.id, view, appended.version, before.kid)
        return ViewOutcome(after, appended.token if events else None)

    async def _replay(self, appended: Appended, actor: str) -> ViewOutcome:
        view_id = UUID(appended.stream.removeprefix(STREAMS))
        view = await self.load(view_id, actor, version=appended.version)
        return ViewOutcome(view, appended.token, is_replay=True)

    async def _fold(self, recorded: Sequence[RecordedEvent]) -> list[LoadedView]:
        """Return the views whose events these are, each with all of its own, in order."""
        folded: dict[str, LoadedView] = {}
        for record, event in zip(recorded, await CODEC.decode(recorded, self._keys), strict=True):
            view_id = UUID(record.stream.removeprefix(STREAMS))
            kid = CODEC.subject_of(record) or "" if record.version == 1 else ""
            before = folded.get(record.stream) or LoadedView(view_id, NO_VIEW, 0, kid)
            view = before.view
            if event is not None:
                view = evolve(view, cast("ViewEvent", event), by=in_whose_name(record.origin))
            folded[record.stream] = LoadedView(view_id, view, record.version, before.kid)
        return list(folded.values())


def _refuse_stale(current: int, expected: int) -> None:
    if current != expected:
        raise VersionConflictError(
            f"you read version {expected}, the view is at {current}",
            current_version=current,
            field="If-Match",
            fix="read it again, look at what changed, and send the change with the new ETag",
        )


def _too_many_views() -> RuleBrokenError:
    return RuleBrokenError(
        f"you have {MOST_VIEWS} views, more nobody can have",
        code="too-many-views",
        fix="delete one that you no longer use",
        who_can_help=YOURSELF,
    )
