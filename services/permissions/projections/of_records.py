"""Read models of the records of all services: each kind is kept once for each service that tells.

Records of one service have one order and one life of their store; of several they have none. So
each service's are followed, built anew and handed over by themselves, and a reader adds them up.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from shared.messaging.headers import source_of
from shared.messaging.topics import ACCESS
from shared.projecting.marks import Followed

USAGE: Final = "usage"
LEAVINGS: Final = "leavings"
KINDS: Final = (USAGE, LEAVINGS)
"""What is kept of the records; one more kind is one more word, and a migration that defines it."""
SOURCES: Final = ("customers", "permissions")
"""The services that tell."""


def name_of(kind: str, source: str) -> str:
    """Return what the read model of one kind and one service is called."""
    return f"{kind}_{source}"


NAMES: Final[Sequence[str]] = [name_of(kind, source) for kind in KINDS for source in SOURCES]


def followed_of(kind: str, source: str) -> Followed:
    """Return what it follows: the records of that service."""
    return Followed(name_of(kind, source), source_of(source), ACCESS.name, ACCESS.partitions)


def ddl_of(kind: str, source: str) -> str:
    """Return the statements that make its tables."""
    sql = (files("services.permissions.storage.sql") / f"{kind}.sql").read_text()
    return sql.replace("{source}", source)
