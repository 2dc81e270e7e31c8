"""A million customers come in and go out in the memory that ten thousand take.

Each side is a process of its own that does nothing else; its figure is the most that it ever had
resident (ru_maxrss), so that everything that it loads counts on both sides.
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
from bench.parts import parts
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
)


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Import and export so many customers and a hundredth of them."""
    many, few = await _imported(ground, MANY), await _imported(ground, FEW)
    many_out, few_out = await _exported(ground, MANY), await _exported(ground, FEW)
    return {"memory_import": _paired(many, few), "memory_export": _paired(many_out, few_out)}


async def _imported(ground: Ground, count: int) -> float:
    async with parts(ground) as here:
        truth = await here.lanes(here.databases.truth, "api", 1)
        desk = ImportDesk(truth, await here.keys(), here.clock)
        handed_in = await desk.hand_in(
            Asked("csv"), {"format": "csv"}, _file(count), lambda _: None,
            actor="bench", is_dry_run=False,
        )  # fmt: skip
        its = here.databases
        peak = await _peak(
            "import", dsn_for(its.truth, "worker"), dsn_for(its.keys, "worker"),
            str(ground.place.secrets),
        )  # fmt: skip
        told = await desk.read(handed_in.told.job.id)
        must_be(count, told.job.created, "customers of an import")
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
    return int(said) / 1024


def _paired(many: float, few: float) -> Paired:
    return Paired(many, few, many / few, many / few)


ROW = Row("memory_import_export", CLAIMS, measure)
