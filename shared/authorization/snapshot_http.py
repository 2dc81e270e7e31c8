"""A replica starts from what the permissions service answers over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import httpx

from shared.authorization.replica import Snapshot
from shared.authorization.snapshot import UnreadableSnapshotError
from shared.authorization.snapshot_lines import MEDIA_TYPE, snapshot_of
from shared.errors import UnavailableError

PATH: Final = "/v1/snapshot"


class HttpSnapshots:
    """Asks `{url}/v1/snapshot` with the token of a service account.

    Args:
        http: what it is asked with.
        url: where the permissions service is.
        token: gives a token that holds.
        forget: lets `token` give another one next time, because this one was refused.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: Callable[[], Awaitable[str]],
        forget: Callable[[], None],
    ) -> None:
        self._http = http
        self._url = url.rstrip("/") + PATH
        self._token = token
        self._forget = forget

    async def snapshot(self) -> Snapshot:
        """Return all permissions there are now.

        Raises:
            UnavailableError: the permissions service does not answer, refuses, or speaks a format
                that this release does not read.
        """
        try:
            answer = await self._ask()
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                # The issuer may have changed its key, long before the token ends: once more.
                self._forget()
                answer = await self._ask()
        except httpx.HTTPError as error:
            raise _unavailable(f"does not answer ({type(error).__name__})") from error
        if answer.status_code != HTTPStatus.OK:
            raise _unavailable(f"answers {answer.status_code}")
        try:
            return await asyncio.to_thread(snapshot_of, answer.content)
        except UnreadableSnapshotError as error:
            raise _unavailable("sends a snapshot that this release does not read") from error

    async def _ask(self) -> httpx.Response:
        headers = {"Authorization": f"Bearer {await self._token()}", "Accept": MEDIA_TYPE}
        return await self._http.get(self._url, headers=headers)


def _unavailable(what: str) -> UnavailableError:
    return UnavailableError(
        f"the permissions service {what}",
        fix="`daybook status` shows whether it runs; its log says what it refuses",
        who_can_help="an operator",
        retry_after_seconds=1,
    )
