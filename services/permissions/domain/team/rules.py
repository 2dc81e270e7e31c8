"""Teams: what may be asked of one, and what each fact does to it."""

from dataclasses import dataclass, replace
from typing import assert_never

from services.permissions.domain.policy.events import Title
from services.permissions.domain.team.events import (
    TeamDissolved,
    TeamEvent,
    TeamFormed,
    TeamRenamed,
)
from shared.errors import NotFoundError, RuleBrokenError


@dataclass(frozen=True, slots=True)
class FormTeam:
    """Let there be a team."""

    title: Title
    external_id: str | None = None
    """The id by which an identity provider names it."""


@dataclass(frozen=True, slots=True)
class RenameTeam:
    """Call it otherwise."""

    title: Title
    external_id: str | None = None
    """The id by which an identity provider names it; empty: none does any more, None: as it was."""


@dataclass(frozen=True, slots=True)
class DissolveTeam:
    """Let it be gone."""


TeamCommand = FormTeam | RenameTeam | DissolveTeam


@dataclass(frozen=True, slots=True)
class Team:
    """One team, folded from its events; no title means not formed yet."""

    title: Title | None = None
    is_dissolved: bool = False
    external_id: str | None = None


NO_TEAM = Team()


def decide_team(team: Team, command: TeamCommand, *, members: int) -> list[TeamEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Args:
        team: as it is.
        command: what is asked for.
        members: how many are in the team.

    Raises:
        NotFoundError: there is no such team.
        RuleBrokenError: it is there already, it was dissolved, or somebody is in it.
    """
    if isinstance(command, FormTeam):
        if team.title is not None:
            raise RuleBrokenError(
                "this team was formed already",
                code="team-already-formed",
                field="team",
                fix="make a new id for a new team, or rename this one",
                who_can_help="whoever has the permission team:change",
            )
        return [TeamFormed(title=command.title, external_id=command.external_id)]
    if team.title is None:
        raise no_such_team()
    match command:
        case RenameTeam():
            return _rename(team, command)
        case DissolveTeam():
            if members:
                raise RuleBrokenError(
                    f"{members} still belong to this team",
                    code="team-has-members",
                    fix="move them to another team first",
                    who_can_help="whoever has the permission subject:change",
                )
            return [] if team.is_dissolved else [TeamDissolved()]
        case _:
            assert_never(command)


def _rename(team: Team, command: RenameTeam) -> list[TeamEvent]:
    if team.is_dissolved:
        raise no_such_team()
    named = command.external_id
    external_id = team.external_id if named is None else named or None
    if (team.title, team.external_id) == (command.title, external_id):
        return []
    return [TeamRenamed(title=command.title, external_id=external_id)]


def evolve_team(team: Team, event: TeamEvent) -> Team:
    """Return the team after one more event."""
    match event:
        case TeamFormed() | TeamRenamed():
            return replace(team, title=event.title, external_id=event.external_id)
        case TeamDissolved():
            return replace(team, is_dissolved=True)
        case _:
            assert_never(event)


def no_such_team(field: str = "team") -> NotFoundError:
    """Return the refusal of a team that is not there."""
    return NotFoundError(
        "there is no such team",
        code="team-not-found",
        field=field,
        fix="see which there are with GET /v1/teams, or form it first",
    )
