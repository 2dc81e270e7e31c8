"""The route that gives subjects' keys to those entitled to them, each fetch on record."""

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.errors import NotPermittedError
from shared.messaging.consumers import RegisteredConsumer
from shared.security.jwe import base64url
from shared.security.key_grants import KeyGrants
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.recording import Access
from shared.web.routes import Routes


class JsonWebKey(BaseModel):
    """A subject's key (RFC 7517), for `dir` with A256GCM."""

    kty: str
    kid: str
    alg: str
    use: str
    k: str


class SubjectKeyRoutes:
    """The handler of the key route."""

    def __init__(
        self, grants: KeyGrants, consumers: Mapping[str, RegisteredConsumer], topic: str
    ) -> None:
        """Give the keys of this topic's subjects to the consumers registered to open it."""
        self._grants = grants
        self._entitled = {its.account for its in consumers.values() if topic in its.opens}
        self._topic = topic

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        kid = Parameter("kid", "path", "The `kid` of the JWE's header.")
        routes.add(
            "GET", "/v1/subject-keys/{kid}", "get_subject_key", Permission.SUBJECT_KEYS_READ,
            self.key, parameters=[kid],
            answers={200: Answer("The key; 404 unknown, 410 destroyed.", JsonWebKey)},
            access=Access(target="kid", is_restricted=True), everywhere=True,
        )  # fmt: skip

    async def key(self, request: Request, caller: Caller) -> Response:
        """Get the key of one subject, to open the `personal` member of its events.

        Only for the service account of a consumer whose registration says that it opens this
        topic. Whoever was given a key confirms the subject's erasure.
        """
        if caller.subject not in self._entitled:
            raise NotPermittedError(
                f"This account is not entitled to keys of {self._topic}.",
                fix=f"Register the consumer with `opens: [{self._topic}]`"
                " (docs/contracts/consumers), in a reviewed change.",
                who_can_help="An administrator, with data protection, who review registrations.",
            )
        kid: str = request.path_params["kid"]
        key = await self._grants.give(kid, caller.subject)
        jwk = {"kty": "oct", "kid": kid, "alg": "A256GCM", "use": "enc", "k": base64url(key)}
        return JsonAnswer(jwk)
