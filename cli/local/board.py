"""Whoever asks how Daybook is doing reads what its supervisor wrote last, and checks it."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ValidationError

from cli.local.kept import Kept, State

Phase = Literal["starting", "ready", "stopping"]

SAME_PROCESS_SECONDS = 60.0
ENDED = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
HELD = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


class ProcessLine(BaseModel):
    """One process as its supervisor sees it."""

    name: str
    state: State
    pid: int | None
    restarts: int
    since: datetime


class Board(BaseModel):
    """All processes, and how far the whole is."""

    supervisor: int
    phase: Phase
    since: datetime
    processes: list[ProcessLine] = []

    def show(self, kept: list[Kept], path: Path) -> None:
        """Write the present state; a reader sees the one before or this one, never half of it."""
        self.processes = [
            ProcessLine(
                name=one.program.name,
                state=one.state,
                pid=one.pid,
                restarts=one.policy.restarts,
                since=one.since,
            )
            for one in kept
        ]
        draft = path.with_suffix(".new")
        draft.write_text(self.model_dump_json())
        draft.replace(path)


def read_board(path: Path) -> Board | None:
    """Return what was written last, or None when nothing readable stands there."""
    try:
        return Board.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def is_alive(line: ProcessLine) -> bool:
    """Whether this very process exists and is neither ended nor stopped."""
    return _found_as(line) not in {None, *ENDED, *HELD}


def is_held(line: ProcessLine) -> bool:
    """Whether this very process exists and was stopped by a signal: it does nothing at all."""
    return _found_as(line) in HELD


def _found_as(line: ProcessLine) -> str | None:
    """Return what the system says of this very process; None: there is none."""
    try:
        process = psutil.Process(line.pid)
        is_same = abs(process.create_time() - line.since.timestamp()) < SAME_PROCESS_SECONDS
        return process.status() if line.pid is not None and is_same else None
    except psutil.Error:
        return None
