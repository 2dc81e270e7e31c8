"""Everything that Daybook keeps on one machine lies in one folder, and this says where in it."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInputError
from shared.settings import BrokerKind

PROJECT = Path(__file__).resolve().parents[2]
# Its files keep the names that they had when there was no other service.
FIRST_SERVICE = "customers"
DEFAULT_BASE, LOWEST_BASE, HIGHEST_BASE = 8100, 1024, 65_000


@dataclass(frozen=True, slots=True)
class Place:
    """The folder (DAYBOOK_VAR, ./var) and the ports (DAYBOOK_PORT_BASE, 8100) of one Daybook.

    `broker` is which one this run has; it may be another at the next start, because what Kafka
    holds is only what the store has anyway.
    """

    var: Path
    port_base: int = DEFAULT_BASE
    uid: int = 0
    broker: BrokerKind = "embedded"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Place":
        """Read the two variables that move a whole Daybook elsewhere."""
        text = environ.get("DAYBOOK_PORT_BASE", str(DEFAULT_BASE))
        if not text.isdecimal() or not LOWEST_BASE <= int(text) <= HIGHEST_BASE:
            raise InvalidInputError(
                f"DAYBOOK_PORT_BASE is '{text}', not a port from {LOWEST_BASE} to {HIGHEST_BASE}.",
                fix="DAYBOOK_PORT_BASE=8100 make up",
            )
        var = Path(environ.get("DAYBOOK_VAR", "var")).expanduser()
        return cls(var=PROJECT / var, port_base=int(text), uid=os.geteuid())

    @property
    def logs(self) -> Path:
        """One log a process, and the traces."""
        return self.var / "logs"

    @property
    def run(self) -> Path:
        """What is true only while Daybook runs, or describes its last run."""
        return self.var / "run"

    @property
    def secrets(self) -> Path:
        """The keys of this machine; nothing else reads or copies them."""
        return self.var / "secrets"

    @property
    def ledger(self) -> Path:
        """The erasure ledger: in earnest a volume of its own, which no restore touches."""
        return self.var / "ledger"

    def secrets_of(self, service: str) -> Path:
        """Return the folder with the keys of one service: no other can read what it sealed."""
        return self.secrets if service == FIRST_SERVICE else self.secrets / service

    def ledger_of(self, service: str) -> Path:
        """Return the folder of one service's erasure ledger."""
        return self.ledger if service == FIRST_SERVICE else self.var / f"ledger-{service}"

    def tally_of(self, service: str) -> Path:
        """Return the file that says how many events one service is known to have."""
        name = "tally" if service == FIRST_SERVICE else f"tally-{service}"
        return self.run / f"{name}.json"

    @property
    def kafka(self) -> Path:
        """The log of Apache Kafka, if it is used; it can be removed while nothing runs."""
        return self.var / "kafka"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives, with its pid inside."""
        return self.run / "lock"

    @property
    def board(self) -> Path:
        """How every process is doing, written by the supervisor."""
        return self.run / "board.json"

    @property
    def sockets(self) -> Path:
        """Where PostgreSQL listens: short, because a socket's path may have 107 bytes."""
        mark = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        return Path(f"/tmp/daybook-{self.uid}-{mark}")  # noqa: S108  checked to be ours before use

    @property
    def shown(self) -> str:
        """The folder as a person would type it."""
        is_near = Path.cwd() == PROJECT and self.var.is_relative_to(PROJECT)
        return f"./{self.var.relative_to(PROJECT)}" if is_near else str(self.var)

    @property
    def command(self) -> str:
        """What to type before `up`, `find`, … so that it means this Daybook."""
        program = Path(".venv/bin/daybook")
        words = [str(program if Path.cwd() == PROJECT else PROJECT / program)]
        if self.port_base != DEFAULT_BASE:
            words.insert(0, f"DAYBOOK_PORT_BASE={self.port_base}")
        if self.var != PROJECT / "var":
            words.insert(0, f"DAYBOOK_VAR={self.var}")
        return " ".join(words)
