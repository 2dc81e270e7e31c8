"""One machine runs exactly these programs."""

import signal
from collections.abc import Awaitable, Callable
from functools import partial

from cli.local import broker, environment
from cli.local.paths import Place
from cli.local.ports import Ports
from cli.local.postgres import Server, servers
from cli.local.program import Program, Tier
from cli.local.readiness import ask_readiness, port_answers, postgres_answers, url_answers

SERVICE = "customers"


def postgres_programs(place: Place) -> tuple[Program, ...]:
    """Return the three PostgreSQL servers."""
    return tuple(map(_postgres, servers(place)))


def broker_program(place: Place) -> Program:
    """Return the embedded broker."""
    ports = Ports(place.port_base)
    return Program(
        name="broker",
        tier=Tier.BROKER,
        command=broker.command(ports),
        environment=environment.bare(),
        is_ready=partial(port_answers, ports.broker),
    )


def issuer_program(place: Place) -> Program:
    """Return the token issuer."""
    ports = Ports(place.port_base)
    return Program(
        name="issuer",
        tier=Tier.SERVICES,
        command=environment.python("cli.local.issuer"),
        environment=environment.of_service(SERVICE, place),
        is_ready=partial(url_answers, f"{ports.issuer_url}/.well-known/jwks.json"),
    )


def customers_program(place: Place) -> Program:
    """Return the customers service, all roles in one process."""
    ports = Ports(place.port_base)
    return Program(
        name=SERVICE,
        tier=Tier.SERVICES,
        command=environment.python(f"services.{SERVICE}", "all"),
        environment=environment.of_service(SERVICE, place),
        is_ready=_service_is_ready(ports.customers_url),
    )


def _postgres(server: Server) -> Program:
    return Program(
        name=server.kind,
        tier=Tier.POSTGRES,
        command=server.command,
        environment=environment.bare(),
        is_ready=partial(postgres_answers, server.admin_dsn),
        stop_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for every client to leave
    )


def _service_is_ready(url: str) -> Callable[[], Awaitable[bool]]:
    async def is_ready() -> bool:
        readiness = await ask_readiness(url)
        return readiness is not None and readiness.status == "ready"

    return is_ready
