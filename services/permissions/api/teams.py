"""Routes of teams: which there are and who is in them, formed, renamed, dissolved."""

from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from services.permissions.api.changes import CHANGED, HEADERS, Changes, Sent
from services.permissions.api.paging import PAGING, Pages
from services.permissions.api.reach import Reach
from services.permissions.domain.book import OnTeam
from services.permissions.domain.policy_file.model import Titled
from services.permissions.domain.policy_file.policy_part import title_of
from services.permissions.domain.team.rules import (
    DissolveTeam,
    FormTeam,
    RenameTeam,
    Team,
    TeamCommand,
    no_such_team,
)
from shared.authorization.fields import Outcome
from shared.authorization.permissions import Permission
from shared.given import Given
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH
from shared.web.queries import path_id
from shared.web.routes import Routes
from shared.web.versions import etag, version_of_if_match

LIST: Final = "/v1/teams"
ONE: Final = "/v1/teams/{team_id}"
CHANGING: Final = (IF_MATCH, IDEMPOTENCY_KEY)


class TeamBody(Given):
    """What a team is called: one title for both languages, or one for each."""

    title: Titled


class TeamView(BaseModel):
    """A team, and who is in it by their ids."""

    id: UUID
    title: dict[str, str]
    members: list[UUID]
    version: int


class TeamListed(BaseModel):
    """A team in a list."""

    id: UUID
    title: dict[str, str]
    members: int


class TeamPage(BaseModel):
    """A page of teams by their titles; next_page_token is null on the last one."""

    items: list[TeamListed]
    next_page_token: str | None


class FormedView(BaseModel):
    """The new team."""

    id: UUID
    version: int


class TeamRoutes:
    """The handlers of the teams' routes."""

    def __init__(self, changes: Changes, pages: Pages, reach: Reach) -> None:
        self._changes = changes
        self._pages = pages
        self._reach = reach

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        reads, writes = Permission.TEAMS_READ, Permission.TEAMS_CHANGE
        routes.add(
            "GET", LIST, "list_teams", reads, self.every, parameters=PAGING,
            answers={200: Answer("A page of teams.", TeamPage)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", ONE, "get_team", reads, self.one,
            answers={200: Answer("The team.", TeamView, {"ETag": HEADERS["ETag"]})},
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", LIST, "form_team", writes, self.form, body=TeamBody,
            parameters=[IDEMPOTENCY_KEY],
            answers={201: Answer("Formed.", FormedView, {"Location": "Where it is.", **HEADERS})},
            everywhere=True,
        )  # fmt: skip
        for path, name, handler, body in (
            (f"{ONE}/rename", "rename_team", self.rename, TeamBody),
            (f"{ONE}/dissolve", "dissolve_team", self.dissolve, None),
        ):
            routes.add(
                "POST", path, name, writes, handler, body=body, parameters=CHANGING,
                answers={200: CHANGED}, everywhere=True,
            )  # fmt: skip

    async def every(self, request: Request, _caller: Caller) -> Response:
        """List teams by their English titles, with how many are in each."""
        await self._changes.book.catch_up()
        book = self._changes.book.book
        there = {
            (team.title.en.casefold(), str(team_id)): (team_id, team)
            for team_id, team in book.teams.items()
            if team.title is not None and not team.is_dissolved
        }
        sizes = book.team_sizes()
        return self._pages.named(
            request,
            LIST,
            there,
            shown=lambda _name, its: _listed(*its) | {"members": sizes.get(its[0], 0)},
        )

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read a team, with the ids of those in it of whom the caller may see that."""
        team_id = path_id(request, "team_id")
        await self._changes.book.catch_up()
        book = self._changes.book.book
        team = book.team(team_id)
        if team.title is None or team.is_dissolved:
            raise no_such_team("team_id")
        reached = self._reach.of(caller)
        members = sorted(
            str(subject_id)
            for subject_id, subject in book.subjects.items()
            if subject.is_there
            and team_id in subject.place.teams
            and reached.view(Permission.PEOPLE_READ, subject_id).outcome("teams") is Outcome.SHOW
        )
        version = self._changes.book.version_of(_stream(team_id))
        told = _listed(team_id, team) | {"members": members, "version": version}
        return JsonAnswer(told, 200, {"ETag": etag(version)})

    async def form(self, request: Request, caller: Caller) -> Response:
        """Form a team; who is in it is said of each person."""
        raw = await read_body(request)
        command = FormTeam(title_of(parse(TeamBody, raw).title))
        team_id = uuid7()
        done = await self._changes.run(
            Sent(request, caller, raw),
            "form_team",
            lambda _: [OnTeam(team_id, command)],
            stream=_stream(team_id),
            made=team_id,
        )
        answer = done.answer(201, id=done.made)
        answer.headers["Location"] = f"{LIST}/{done.made}"
        return answer

    async def rename(self, request: Request, caller: Caller) -> Response:
        """Call a team otherwise."""
        raw = await read_body(request)
        command = RenameTeam(title_of(parse(TeamBody, raw).title))
        return await self._run(Sent(request, caller, raw), "rename_team", command)

    async def dissolve(self, request: Request, caller: Caller) -> Response:
        """Let a team be gone that nobody is in any more."""
        return await self._run(Sent(request, caller), "dissolve_team", DissolveTeam())

    async def _run(self, sent: Sent, operation: str, command: TeamCommand) -> Response:
        team_id = path_id(sent.request, "team_id")
        stream = _stream(team_id)
        done = await self._changes.run(
            sent, operation, lambda _: [OnTeam(team_id, command)], stream=stream,
            expected={stream: version_of_if_match(sent.request)},
        )  # fmt: skip
        return done.answer()


def _stream(team_id: UUID) -> str:
    return f"team-{team_id}"


def _listed(team_id: UUID, team: Team) -> dict[str, Any]:
    title = team.title
    return {"id": str(team_id), "title": {} if title is None else title.model_dump()}
