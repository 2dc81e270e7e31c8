"""A question of AuthZEN over HTTP costs little more than a route that does nothing.

Both are routes of one process with everything on (bench.evaluating_api): sign-in, permission,
limit, tracing. The question is about one of ten thousand people and a record of another program,
decided by a condition; a customer of Daybook's own costs one indexed read more.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from functools import partial

from bench.evaluating_api import NOTHING
from bench.ground import Ground
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, pair
from bench.post_customers import token_of
from cli.local import environment
from cli.local.machine import SERVICE
from cli.local.program import Program, Tier
from cli.local.readiness import url_answers
from services.permissions.api.authzen.routes import EVALUATION

BURST_SECONDS = 1.5
ROUNDS = 7


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure both routes in turns."""
    issuer, port = ground.ports.issuer_url, ground.free_port
    token = await token_of(issuer, "billing")
    program = Program(
        name="evaluating_api",
        tier=Tier.SERVICES,
        command=environment.python("bench.evaluating_api", str(port), issuer),
        environment=environment.of_service(SERVICE, ground.place),
        is_ready=partial(url_answers, f"http://127.0.0.1:{port}/livez"),
    )
    async with ground.running(program):
        sides = [partial(_burst, port, token, path) for path in (EVALUATION, NOTHING)]
        questions, nothing = await in_turns(ROUNDS, *sides)
    return {"authzen_evaluation": pair(questions, nothing)}


async def _burst(port: int, token: str, path: str) -> float:
    """Return how many requests a second are answered."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.questions", str(port), str(BURST_SECONDS), token, path,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise BrokenSideError(f"{path} refused a request")
    seen = json.loads(told)
    return float(seen["answered"] / seen["seconds"])


ROW = Row("evaluating", (Claim("authzen_evaluation", 0.6, 0.9, "requests/s"),), measure)
