"""Whoever waits sees which step runs, that it is alive, and how long it took."""

import asyncio
from datetime import UTC, datetime

import pytest

from cli.local import screen as module
from cli.local.screen import Screen


class SteppingClock:
    """Each look is one second later."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is long at once."""
    monkeypatch.setattr(module, "SHOWN_AFTER_SECONDS", 0)
    monkeypatch.setattr(module, "PLAIN_EVERY_SECONDS", 0)


async def test_a_step_is_one_line_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(SteppingClock(), is_terminal=False)
    async with screen.step("PostgreSQL"):
        screen.detail("3 servers")
    assert capsys.readouterr().out.split() == ["✓", "PostgreSQL:", "3", "servers", "1.0", "s"]


@pytest.mark.usefixtures("quick")
async def test_a_long_step_in_a_file_says_it_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen(SteppingClock(), is_terminal=False)
    async with screen.step("demo data"):
        screen.detail("12 of 503 rows")
        for _ in range(3):
            await asyncio.sleep(0)
    assert "  … demo data: 12 of 503 rows, 1 s so far\n" in capsys.readouterr().out


async def test_a_step_on_a_terminal_moves_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(SteppingClock(), is_terminal=True)
    async with screen.step("broker"):
        await asyncio.sleep(0)
    shown = capsys.readouterr().out
    assert "\r  ⠋ broker … 1 s\r" in shown
    assert shown.count("\n") == 1


async def test_a_step_that_fails_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(SteppingClock(), is_terminal=False)
    with pytest.raises(RuntimeError):
        async with screen.step("broker"):
            raise RuntimeError
    assert capsys.readouterr().out == "  ✗ broker\n"
