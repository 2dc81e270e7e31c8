"""A service that asks another signs in with a secret of its own, by OAuth 2.0 client credentials.

RFC 6749 section 4.4, with the secret as HTTP Basic (section 2.3.1), at the token endpoint that the
issuer's discovery document names.
"""

import asyncio
import logging
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.security.secret_files import read_secret_file

EARLY_SECONDS: Final = 60.0
"""A token is replaced so long before it ends, so that none ends on its way."""
SHORTEST_SECONDS: Final = 1.0
FILE: Final = "client.secret"

log = logging.getLogger(__name__)


class ServiceTokens:
    """The token of one service account; kept until shortly before it ends.

    Args:
        issuer: the issuer's URL.
        client: the account's name at the issuer.
        secret: the file with its secret, read anew for each token, so that it can be replaced.
        http: what the issuer is asked with.
        clock: says when a token is too old.
    """

    def __init__(
        self, issuer: str, client: str, secret: Path, http: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._secret = secret
        self._http = http
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    async def token(self) -> str:
        """Return a token that holds.

        Raises:
            DaybookError: the secret cannot be read.
            UnavailableError: the issuer does not answer, or refuses the secret.
        """
        async with self._one_at_a_time:
            if not self._token or self._clock.monotonic() >= self._good_until:
                await self._renew()
            return self._token

    def forget(self) -> None:
        """Ask for another next time: this one was refused."""
        self._token = ""

    async def _renew(self) -> None:
        secret = read_secret_file(self._secret).decode().strip()
        try:
            answer = await self._ask(secret)
            if answer.status_code in {400, 401, 403}:
                raise self._refused()
            said = answer.raise_for_status().json()
            token, lasts = str(said["access_token"]), float(said.get("expires_in", 0))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise UnavailableError(
                f"the token issuer gives no token ({type(error).__name__})",
                code="issuer-unavailable",
                fix=f"start the token issuer at {self._issuer}",
                who_can_help="an operator",
                retry_after_seconds=2,
            ) from error
        self._token = token
        self._good_until = self._clock.monotonic() + max(lasts - EARLY_SECONDS, SHORTEST_SECONDS)

    async def _ask(self, secret: str) -> httpx.Response:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = (await self._http.get(address)).raise_for_status().json()
        if discovery["issuer"] != self._issuer:
            raise ValueError("the discovery document is another issuer's")
        # Both are form-encoded before they become the user and password of Basic.
        who = httpx.BasicAuth(quote(self._client, safe=""), quote(secret, safe=""))
        form = {"grant_type": "client_credentials"}
        return await self._http.post(discovery["token_endpoint"], data=form, auth=who)

    def _refused(self) -> UnavailableError:
        return UnavailableError(
            f"the token issuer refuses the account {self._client}",
            code="service-account-refused",
            fix=f"put the account's secret at the issuer into {self._secret}",
            who_can_help="an operator",
            retry_after_seconds=5,
        )
