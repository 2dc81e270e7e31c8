"""A million customers come in, go out and are folded anew in the memory that ten thousand take.

Each side is a process of its own that does nothing else; its figure is the most that it ever had
resident (VmHWM), so that everything that it loads counts on both sides.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import Final

from bench.ground import Ground
from bench.large_directory import LargeDirectory
from bench.measuring import BrokenSideError, Claim, Paired, Row, must_be
from bench.parts import Parts, parts
from bench.rights import IMPORTER
from cli.local import environment
from services.customers.application.importing.desk import ImportDesk
from services.customers.application.importing.reading import Asked
from shared.postgres.dsn import dsn_for

MANY: Final = int(os.environ.get("BENCH_LARGE_CUSTOMERS", "1000000"))
FEW: Final = MANY // 100
LINES_AT_ONCE: Final = 10_000
CLAIMS: Final = (
    Claim("memory_import", 1.5, 1.0, "MB", "lower"),
    Claim("memory_export", 1.5, 1.0, "MB", "lower"),
    Claim("memory_rebuild", 1.5, 1.0, "MB", "lower"),
)
REBUILT: Final = "select count(*) from directory"


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Import, fold anew and export so many customers and a hundredth of them."""
    many_in, many_anew = await _imported_and_rebuilt(ground, MANY)
    few_in, few_anew = await _imported_and_rebuilt(ground, FEW)
    many_out, few_out = await _exported(ground, MANY), await _exported(ground, FEW)
    return {
        "memory_import": _paired(many_in, few_in),
        "memory_export": _paired(many_out, few_out),
        "memory_rebuild": _paired(many_anew, few_anew),
    }


async def _imported_and_rebuilt(ground: Ground, count: int) -> tuple[float, float]:
    """Return the peaks of an import, and of a rebuild of the directory from what it stored."""
    async with parts(ground) as here:
        return await _imported(here, count), await _rebuilt(here, count)


async def _imported(here: Parts, count: int) -> float:
    truth = await here.lanes(here.databases.truth, "api", 1)
    desk = ImportDesk(await here.store(), truth, await here.keys(), here.clock)
    handed_in = await desk.hand_in(
        Asked("csv"), {"format": "csv"}, _file(count), lambda _: None,
        actor=IMPORTER, is_dry_run=False,
    )  # fmt: skip
    its = here.databases
    peak = await _peak(
        "import", dsn_for(its.truth, "worker"), dsn_for(its.keys, "worker"),
        str(here.place.secrets),
    )  # fmt: skip
    told = await desk.read(handed_in.told.job.id)
    must_be(count, told.job.created, "customers of an import")
    return peak


async def _rebuilt(here: Parts, count: int) -> float:
    its, place = here.databases, here.place
    peak = await _peak(
        "rebuild", str(place.var), str(place.port_base), its.truth, its.views, its.keys
    )
    views = await here.lanes(its.views, "api", 1)
    must_be(count, await views.fetchval(REBUILT), "customers of a rebuild")
    return peak


async def _exported(ground: Ground, count: int) -> float:
    async with parts(ground) as here:
        await LargeDirectory(here.databases).fill(count)
        return await _peak("export", dsn_for(here.databases.views, "api"))


async def _file(count: int) -> AsyncIterator[bytes]:
    yield b"key,name,email,city\n"
    lines = _lines(count)
    while some := list(islice(lines, LINES_AT_ONCE)):
        yield "".join(some).encode()


def _lines(count: int) -> Iterator[str]:
    return (f"{n},Anna Meyer {n},a{n}@x.example,Berlin\n" for n in range(count))


async def _peak(*words: str) -> float:
    """Return the most megabytes that a process doing this had resident."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.memory_of", *words,
        env={**environment.bare(), "PYTHONPATH": "."}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise BrokenSideError(f"memory_of {words[0]} ended with {process.returncode}")
    return int(said.split()[-1]) / 1024  # a rebuild says more before it


def _paired(many: float, few: float) -> Paired:
    return Paired(many, few, many / few, many / few)


ROW = Row("memory_import_export", CLAIMS, measure)
