"""Every process that decides starts from a snapshot, and follows the topic from there."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.application.whole_log import WholeLog
from shared.authorization.permissions import Permission
from shared.authorization.snapshot_http import PATH
from shared.authorization.snapshot_lines import MEDIA_TYPE, lines_of
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.routes import Routes


class SnapshotRoutes:
    """The handler of the snapshot."""

    def __init__(self, log: WholeLog) -> None:
        self._log = log

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        told = Answer("Two lines of JSON: where it stands, then all of it.", media_type=MEDIA_TYPE)
        routes.add(
            "GET", PATH, "read_snapshot", Permission.PERMISSIONS_FOLLOW, self.snapshot,
            answers={200: told}, everywhere=True,
        )  # fmt: skip

    async def snapshot(self, _request: Request, _caller: Caller) -> Response:
        """Read all permissions there are now: roles, grants and subjects by their ids.

        Nothing personal is in it. Its first line names epoch, feed position and the offset at which
        to go on in the topic, which is a hint: the numbers of the feed say what comes next.
        """
        lines = await asyncio.to_thread(lines_of, await self._log.snapshot())
        return Response(lines, media_type=MEDIA_TYPE)
