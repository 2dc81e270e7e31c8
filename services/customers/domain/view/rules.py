"""Saved views: who may do what with one, and what each fact does to it."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from services.customers.domain.view.commands import (
    ChangeView,
    DeleteView,
    Query,
    SaveView,
    ShareView,
    UnshareView,
    ViewCommand,
)
from services.customers.domain.view.events import (
    ViewChanged,
    ViewDeleted,
    ViewDetails,
    ViewEvent,
    ViewName,
    ViewQuery,
    ViewRenamed,
    ViewSaved,
    ViewShared,
    ViewUnshared,
)
from shared.errors import NotFoundError, NotPermittedError


@dataclass(frozen=True, slots=True)
class View:
    """One view, folded from its events; no owner means not saved yet.

    One that cannot be read any more counts as gone, whether its deletion is known here or not.
    """

    owner: str | None = None
    name: str = ""
    query: Query = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    is_shared: bool = False
    is_gone: bool = False

    def is_seen_by(self, subject: str) -> bool:
        """Say whether this person may know that the view is there."""
        return not self.is_gone and (self.owner == subject or self.is_shared)


NO_VIEW = View()


def decide(view: View, command: ViewCommand, *, by: str) -> list[ViewEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Raises:
        NotFoundError: there is no such view, or none that this person may see.
        NotPermittedError: it is shared, and somebody else's.
    """
    if isinstance(command, SaveView):
        return _save(command)
    _must_be_theirs(view, by)
    match command:
        case ChangeView():
            return _change(view, command)
        case ShareView():
            return [] if view.is_shared else [ViewShared()]
        case UnshareView():
            return [ViewUnshared()] if view.is_shared else []
        case DeleteView(kid=kid):
            return [ViewDeleted(kid=kid)]
        case _:
            assert_never(command)


def evolve(view: View, event: ViewEvent, *, by: str) -> View:
    """Return the view after one more event of this actor; personal fields may be gone."""
    match event:
        case ViewSaved(personal=ViewDetails() as told):
            return View(by, told.name, told.query, told.columns)
        case ViewRenamed(personal=ViewName(name=name)):
            return replace(view, name=name)
        case ViewChanged(personal=ViewQuery() as told):
            return replace(view, query=told.query, columns=told.columns)
        case ViewShared():
            return replace(view, is_shared=True)
        case ViewUnshared():
            return replace(view, is_shared=False)
        case ViewDeleted() | ViewSaved() | ViewRenamed() | ViewChanged():
            return View(view.owner or by, is_gone=True)
        case _:
            assert_never(event)


def no_such_view() -> NotFoundError:
    """Return the refusal of a view that is not there, or not for this person."""
    return NotFoundError(
        "there is no such view",
        code="view-not-found",
        fix="see your own and the shared ones with GET /v1/views",
    )


def _save(command: SaveView) -> list[ViewEvent]:
    details = ViewDetails(name=command.name, query=dict(command.query), columns=command.columns)
    saved = ViewSaved(key_commitment=command.key_commitment, personal=details)
    return [saved, ViewShared()] if command.is_shared else [saved]


def _change(view: View, command: ChangeView) -> list[ViewEvent]:
    events: list[ViewEvent] = []
    if command.name != view.name:
        events.append(ViewRenamed(personal=ViewName(name=command.name)))
    if (dict(command.query), command.columns) != (dict(view.query), view.columns):
        asked = ViewQuery(query=dict(command.query), columns=command.columns)
        events.append(ViewChanged(personal=asked))
    return events


def _must_be_theirs(view: View, by: str) -> None:
    if view.owner is None or not view.is_seen_by(by):
        raise no_such_view()
    if view.owner != by:
        raise NotPermittedError(
            "this view is shared by somebody else",
            fix="save one of your own that shows the same",
            who_can_help=f"its owner ({view.owner})",
        )
