"""Every listener has its own port, and a taken one is known before anything starts."""

import socket
from dataclasses import dataclass

import psutil

from shared.errors import UnavailableError

LOOPBACK = "127.0.0.1"
STEP = 200
TRIES = 20
# Of each service the places, counted from the base, of its HTTP and of its port for operators.
OF_SERVICE = {"customers": (1, 50), "permissions": (2, 53)}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one Daybook, all moved by one base."""

    base: int

    def service(self, name: str) -> int:
        """Return the port of a service's HTTP."""
        return self.base + OF_SERVICE[name][0]

    def operators(self, name: str) -> int:
        """Return the port of a service's /metrics, /livez and /readyz."""
        return self.base + OF_SERVICE[name][1]

    @property
    def issuer(self) -> int:
        """The token issuer's HTTP."""
        return self.base + 5

    @property
    def streams_metrics(self) -> int:
        """The same of the process that makes the live figures of customers."""
        return self.base + 51

    @property
    def worker_metrics(self) -> int:
        """The same of the process that works off imports."""
        return self.base + 52

    @property
    def watching_metrics(self) -> int:
        """The same of the process that looks for unusual access."""
        return self.base + 54

    @property
    def broker(self) -> int:
        """The Kafka protocol."""
        return self.base + 92

    @property
    def controller(self) -> int:
        """What Apache Kafka's controller says to itself."""
        return self.base + 93

    @property
    def all(self) -> tuple[int, ...]:
        """Every port that something may listen on."""
        services = (self.base + place for places in OF_SERVICE.values() for place in places)
        others = (
            self.issuer, self.streams_metrics, self.worker_metrics, self.watching_metrics,
            self.broker, self.controller,
        )  # fmt: skip
        return tuple(sorted((*services, *others)))

    def url(self, name: str) -> str:
        """Return where a service answers."""
        return f"http://{LOOPBACK}:{self.service(name)}"

    def operators_url(self, name: str) -> str:
        """Return where a service tells machines how it is."""
        return f"http://{LOOPBACK}:{self.operators(name)}"

    @property
    def issuer_url(self) -> str:
        """Where the token issuer answers."""
        return f"http://{LOOPBACK}:{self.issuer}"

    @property
    def bootstrap(self) -> str:
        """Where a Kafka client starts."""
        return f"{LOOPBACK}:{self.broker}"


def refuse_taken_ports(ports: Ports) -> None:
    """Raise UnavailableError when another program listens on one of our ports."""
    for port in ports.all:
        if not is_free(port):
            raise UnavailableError(
                f"Port {port} is used by {_holder(port)}.",
                fix=f"end that program, or use other ports: "
                f"DAYBOOK_PORT_BASE={_free_base(ports.base)} make up",
            )


def is_free(port: int) -> bool:
    """Try the port the way a server will: by binding it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _holder(port: int) -> str:
    """Name the listening program; another user's can only be told to be there."""
    try:
        sockets = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        sockets = []
    for one in sockets:
        if one.status == psutil.CONN_LISTEN and one.laddr[1:] == (port,) and one.pid:
            return f"{psutil.Process(one.pid).name()} (pid {one.pid})"
    return "a program of another user"


def _free_base(base: int) -> int:
    """Find a base whose ports are free now, so that the advice works."""
    candidates = range(base + STEP, base + STEP * TRIES, STEP)
    return next((b for b in candidates if all(map(is_free, Ports(b).all))), base + STEP)
