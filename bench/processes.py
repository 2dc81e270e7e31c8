"""A role of the service runs in a process of its own, so that a row can kill or stop it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.ground import Databases, Ground
from cli.local import environment
from cli.local.machine import SERVICE


@asynccontextmanager
async def a_process(
    ground: Ground, databases: Databases, role: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the role on these databases and the ground's Kafka; end it at once with the body."""
    settings = {
        "DAYBOOK_STORE_TRUTH_DSN": databases.truth,
        "DAYBOOK_STORE_VIEWS_DSN": databases.views,
        "DAYBOOK_STORE_KEYS_DSN": databases.keys,
        "DAYBOOK_KAFKA_MODE": ground.kafka.mode,
        "DAYBOOK_KAFKA_BOOTSTRAP": ground.kafka.bootstrap,
        "DAYBOOK_OBSERVABILITY_METRICS_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *environment.python(f"services.{SERVICE}", role),
        env=environment.of_service(SERVICE, ground.place) | settings,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
