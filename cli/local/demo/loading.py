"""The demo data is there after the first start, once, however often that start was interrupted."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cli.client import Addresses, DaybookClient
from cli.commands.importing import import_file
from cli.commands.rows import Preset
from cli.local.paths import Place
from cli.local.ports import Ports

SOURCE = Path(__file__).parent
FILES: tuple[tuple[str, Preset], ...] = (
    ("sp500-constituents.csv", "sp500"),
    ("febrl1.csv", "febrl"),
)
IMPORTER = "alice"


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many customers the two files made."""

    customers: int
    refused: int


def is_loaded(place: Place) -> bool:
    """Whether an earlier start got to the end of both files."""
    return _mark(place).exists()


async def load(place: Place, on_progress: Callable[[str, int, int], None]) -> Loaded:
    """Import both files as alice; what an interrupted start imported already is not repeated."""
    ports = Ports(place.port_base)
    customers = refused = 0
    async with DaybookClient(IMPORTER, Addresses(ports.customers_url, ports.issuer_url)) as client:
        for name, preset in FILES:
            file = _copy(place, name)
            report = await import_file(client, file, preset, on_progress=partial(on_progress, name))
            customers += report.registered + report.already_there
            refused += report.errors
    _mark(place).touch()
    return Loaded(customers, refused)


def _copy(place: Place, name: str) -> Path:
    """Copy a file to where an import may write its refused rows beside it."""
    folder = place.var / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    return Path(shutil.copyfile(SOURCE / name, folder / name))


def _mark(place: Place) -> Path:
    return place.var / "demo" / "loaded"
