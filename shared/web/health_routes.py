"""An api tells at its own address how it is; what has no api does not load what routes need."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shared.web.answers import Answer, JsonAnswer
from shared.web.health import READY, Alive, Readiness, ReadinessCheck
from shared.web.routes import Routes

_ALIVE: Final = JsonAnswer(Alive()).body


def add_health(routes: Routes, readiness: ReadinessCheck) -> None:
    """Add /livez and /readyz."""

    async def livez(_request: Request) -> Response:
        """Say that this process answers."""
        return JsonAnswer(bytes(_ALIVE))

    async def readyz(_request: Request) -> Response:
        """Say whether this process can do its work, and what the last canary proved."""
        report = await readiness()
        return JsonAnswer(report, 200 if report.status == READY else 503)

    routes.add_anonymous("/livez", "livez", livez, answers={200: Answer("It answers.", Alive)})
    routes.add_anonymous(
        "/readyz",
        "readyz",
        readyz,
        answers={200: Answer("Ready.", Readiness), 503: Answer("Not ready.", Readiness)},
    )
