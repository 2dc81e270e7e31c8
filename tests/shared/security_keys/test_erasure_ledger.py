"""What the erasure ledger holds stays as it was written, whoever writes and whatever dies."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from shared.errors import UnavailableError
from shared.postgres.lanes import Lanes
from shared.security.erasure_ledger import ErasureLedger, LedgerMissingError
from shared.security.ledger_file import NAME, LedgerDamagedError, LedgerFile, LedgerLine
from shared.testing.clock import NOON, TurnableClock

EVENT = UUID("018f0000-0000-7000-8000-0000000000e1")


def ledger_in(folder: Path) -> ErasureLedger:
    return ErasureLedger(folder, TurnableClock())


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def add(ledger: ErasureLedger, kid: str) -> LedgerLine:
    return await ledger.add(f"subject of {kid}", kid, EVENT, NOON)


@pytest.fixture
async def ledger(tmp_path: Path, lanes: Lanes) -> ErasureLedger:
    """Return a ledger that was begun."""
    its = ledger_in(tmp_path)
    await its.begin(lanes)
    return its


async def test_what_was_added_is_there_for_every_reader_in_order_and_once(
    ledger: ErasureLedger, tmp_path: Path
) -> None:
    first = await add(ledger, "k1")
    await add(ledger, "k2")
    assert await add(ledger, "k1") == first
    lines = await ledger_in(tmp_path).lines()
    assert [(line.number, line.kid) for line in lines.values()] == [(1, "k1"), (2, "k2")]
    assert lines["k1"] == first
    assert (first.subject, first.event_id, first.at) == ("subject of k1", EVENT, NOON)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


async def test_several_writers_make_one_chain(ledger: ErasureLedger, tmp_path: Path) -> None:
    writers = [ledger, *(ledger_in(tmp_path) for _ in range(4))]
    await asyncio.gather(*(add(one, f"k{n}") for n in range(10) for one in writers))
    lines = await ledger_in(tmp_path).lines()
    assert [line.number for line in lines.values()] == list(range(1, 11))


async def test_a_line_that_was_never_finished_is_no_line(
    ledger: ErasureLedger, tmp_path: Path
) -> None:
    await add(ledger, "k1")
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"n":2,"subject":"somebo')
    assert [*await ledger_in(tmp_path).lines()] == ["k1"]
    await add(ledger_in(tmp_path), "k2")
    assert [*await ledger.lines()] == ["k1", "k2"]


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "another subject": lambda lines: [*lines[:1], lines[1].replace(b"k1", b"k9"), *lines[2:]],
    "a line taken out": lambda lines: [*lines[:1], *lines[2:]],
    "another order": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a line of somebody else": lambda lines: [*lines[:2], b'{"n":2}', *lines[2:]],
    "no first line": lambda lines: lines[1:],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_whatever_is_changed_in_it_is_noticed(
    ledger: ErasureLedger, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    for kid in ("k1", "k2", "k3"):
        await add(ledger, kid)
    path = tmp_path / NAME
    path.write_bytes(b"\n".join(change(path.read_bytes().split(b"\n"))))
    with pytest.raises(LedgerDamagedError) as damaged:
        await ledger_in(tmp_path).lines()
    assert damaged.value.fix


async def test_a_ledger_that_was_there_and_is_not_is_told_and_never_begun_anew(
    ledger: ErasureLedger, lanes: Lanes, tmp_path: Path
) -> None:
    (tmp_path / NAME).unlink()
    with pytest.raises(LedgerMissingError) as missing:
        await ledger_in(tmp_path).begin(lanes)
    assert "python -m services.customers ledger" in (missing.value.fix or "")
    with pytest.raises(UnavailableError):
        await ledger.refuse_unwritable()
    with pytest.raises(UnavailableError):
        await add(ledger, "k1")


async def test_the_ledger_of_another_installation_is_refused(
    ledger: ErasureLedger, lanes: Lanes, tmp_path: Path
) -> None:
    await add(ledger, "k1")
    LedgerFile(tmp_path / "other").make(NOON)
    with pytest.raises(LedgerMissingError, match="another installation"):
        await ledger_in(tmp_path / "other").begin(lanes)


async def test_two_that_begin_at_once_begin_one_ledger(tmp_path: Path, lanes: Lanes) -> None:
    both = ledger_in(tmp_path), ledger_in(tmp_path)
    await asyncio.gather(*(one.begin(lanes) for one in both))
    await add(both[0], "k1")
    assert [*await both[1].lines()] == ["k1"]
    assert files_of(tmp_path) == {NAME}
