"""The demo data is there after the first start, once, however often that start was interrupted."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

from cli.addresses import Addresses
from cli.client import DaybookClient
from cli.imports import Import, Wish, import_file
from cli.local.paths import Place
from cli.local.ports import Ports
from shared.authorization.people import DEMO_PEOPLE

SOURCE = Path(__file__).parent
FILES = (
    ("sp500-constituents.csv", "sp500"),
    ("febrl1.csv", "febrl"),
)
OWNER = "owner"
OWNERS = (*(DEMO_PEOPLE[name].subject for name in ("alice", "leo", "wang")), "")
"""Whose the customers are, in turn; every fourth is nobody's."""
IMPORTER = "erin"


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many customers the two files made."""

    customers: int
    refused: int


def is_loaded(place: Place) -> bool:
    """Whether an earlier start got to the end of both files."""
    return _mark(place).exists()


async def load(place: Place, on_progress: Callable[[str, int], None]) -> Loaded:
    """Import both files as erin; what an interrupted start imported already is not repeated."""
    ports = Ports(place.port_base)
    customers = refused = 0
    async with DaybookClient(
        IMPORTER, Addresses(ports.url("customers"), ports.issuer_url)
    ) as client:
        for name, preset in FILES:
            file = _copy(place, name)
            ended = await import_file(
                client,
                file,
                Wish(preset, map={OWNER: OWNER}),
                on_progress=partial(_tell, on_progress, name),
            )
            counts = ended.its.counts
            customers += counts["created"] + counts["changed"] + counts["unchanged"]
            refused += counts["refused"]
    _mark(place).touch()
    return Loaded(customers, refused)


def _tell(on_progress: Callable[[str, int], None], name: str, its: Import) -> None:
    on_progress(name, its.rows)


def _copy(place: Place, name: str) -> Path:
    """Copy a file to where an import may write its refused rows beside it, with owners in turn."""
    folder = place.var / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (SOURCE / name).open(newline="") as source, (folder / name).open("w", newline="") as copy:
        rows = csv.reader(source)
        written = csv.writer(copy)
        written.writerow([*next(rows), OWNER])
        for row, owner in zip(rows, cycle(OWNERS), strict=False):
            written.writerow([*row, owner])
    return folder / name


def _mark(place: Place) -> Path:
    return place.var / "demo" / "loaded"
