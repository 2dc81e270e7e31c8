"""One machine runs exactly these programs."""

import signal
from collections.abc import Awaitable, Callable
from functools import partial

from cli.local import broker, environment
from cli.local.kafka import Node
from cli.local.paths import Place
from cli.local.ports import LOOPBACK, Ports
from cli.local.postgres import Server, servers
from cli.local.program import Program, Tier
from cli.local.readiness import ask_readiness, kafka_answers, postgres_answers, url_answers

SERVICE = "customers"
# Apache Kafka closes its files; killed before, it would read them all at its next start.
KAFKA_STOP_SECONDS = 5.0


def postgres_programs(place: Place) -> tuple[Program, ...]:
    """Return the three PostgreSQL servers."""
    return tuple(map(postgres_program, servers(place)))


def broker_program(place: Place) -> Program:
    """Return the broker of this run."""
    ports = Ports(place.port_base)
    is_embedded = place.broker == "embedded"
    return Program(
        name="broker",
        tier=Tier.BROKER,
        command=broker.command(ports) if is_embedded else kafka_node(place).command,
        environment=environment.bare(),
        is_ready=partial(kafka_answers, place.broker, ports.broker),
        slow_stop_seconds=None if is_embedded else KAFKA_STOP_SECONDS,
    )


def kafka_node(place: Place) -> Node:
    """Return the one Apache Kafka node of this machine."""
    ports = Ports(place.port_base)
    return Node(place.kafka, ports.broker, ports.controller)


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


def service_program(place: Place, service: str) -> Program:
    """Return a service: its api, its relay and its projector in one process."""
    return Program(
        name=service,
        tier=Tier.SERVICES,
        command=environment.python(f"services.{service}", "all"),
        environment=environment.of_service(service, place),
        is_ready=_service_is_ready(Ports(place.port_base).url(service)),
    )


def streams_program(place: Place) -> Program:
    """Return the worker that makes live figures; a Faust worker has a process of its own.

    Its group meets for seconds before it counts anything: nobody waits for that.
    """
    return _apart(place, SERVICE, "streams", Ports(place.port_base).streams_metrics)


def watching_program(place: Place) -> Program:
    """Return the worker that looks for unusual access; see `streams_program`."""
    return _apart(place, "permissions", "streams", Ports(place.port_base).watching_metrics)


def worker_program(place: Place) -> Program:
    """Return what works off imports, apart from what people wait for."""
    return _apart(place, SERVICE, "worker", Ports(place.port_base).worker_metrics)


def _apart(place: Place, service: str, role: str, port: int) -> Program:
    return Program(
        name=f"{service}-{role}",
        tier=Tier.SERVICES,
        command=environment.python(f"services.{service}", role),
        environment={
            **environment.of_service(service, place),
            "DAYBOOK_OBSERVABILITY_METRICS_PORT": str(port),
        },
        is_ready=partial(url_answers, f"http://{LOOPBACK}:{port}/livez"),
    )


def postgres_program(server: Server) -> Program:
    """Return one PostgreSQL server."""
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
