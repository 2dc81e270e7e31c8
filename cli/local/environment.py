"""A process gets exactly the settings of this machine, whatever stands in the caller's shell."""

import os
import sys
from collections.abc import Mapping

from cli.local.paths import PROJECT, Place
from cli.local.ports import LOOPBACK, Ports
from cli.local.postgres import servers

FROM_THE_SHELL = (
    "PATH",
    "HOME",
    "JAVA_HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SSL_CERT_FILE",
    "LD_LIBRARY_PATH",
)
# What the person at this machine may turn while all else is fixed by the place.
TURNABLE = (
    "DAYBOOK_OBSERVABILITY_",
    "DAYBOOK_SERVICE_REQUESTS_PER_SECOND",
    "DAYBOOK_SERVICE_CANARY_SECONDS",
    "DAYBOOK_SERVICE_LOG_EVERY_DECISION",
    "DAYBOOK_SERVICE_LATE_AFTER_SECONDS",
    "DAYBOOK_SERVICE_DATED_AFTER_SECONDS",
    "DAYBOOK_KAFKA_FETCH_",
    "DAYBOOK_STORE_TRUTH_RESERVE_BYTES",
    "DAYBOOK_UNUSUAL_",
)


def bare(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what any program needs: PostgreSQL and the broker read settings from the rest."""
    kept = {name: environ[name] for name in FROM_THE_SHELL if name in environ}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def of_service(
    service: str, place: Place, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the whole environment of one service process on this machine."""
    ports = Ports(place.port_base)
    stores = {
        f"DAYBOOK_STORE_{server.kind.upper()}_DSN": server.service_dsn(service)
        for server in servers(place)
    }
    stores["DAYBOOK_STORE_TRUTH_DATA_DIR"] = str(servers(place)[0].data)
    turned = {name: value for name, value in environ.items() if name.startswith(TURNABLE)}
    return {
        **bare(environ),
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "DAYBOOK_OBSERVABILITY_TRACE_SHARE": "1.0",
        "DAYBOOK_OBSERVABILITY_TRACE_FILE": str(place.logs / f"traces-{service}.jsonl"),
        **turned,
        **stores,
        "DAYBOOK_KAFKA_MODE": place.broker,
        "DAYBOOK_KAFKA_REPLICATION": "1",
        "DAYBOOK_KAFKA_BOOTSTRAP": ports.bootstrap,
        "DAYBOOK_SECURITY_SECRETS_DIR": str(place.secrets_of(service)),
        "DAYBOOK_SECURITY_LEDGER_DIR": str(place.ledger_of(service)),
        "DAYBOOK_SECURITY_ISSUER": ports.issuer_url,
        "DAYBOOK_SECURITY_AUDIENCE": "daybook",
        "DAYBOOK_SERVICE_HOST": LOOPBACK,
        "DAYBOOK_SERVICE_PUBLIC_URL": ports.url(service),
        "DAYBOOK_SERVICE_CUSTOMERS_URL": ports.url("customers"),
        "DAYBOOK_SERVICE_PERMISSIONS_URL": ports.url("permissions"),
        "DAYBOOK_SERVICE_PORT": str(ports.service(service)),
        "DAYBOOK_OBSERVABILITY_METRICS_PORT": str(ports.operators(service)),
    }


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs one of our modules with this very Python."""
    return (sys.executable, "-m", module, *arguments)
