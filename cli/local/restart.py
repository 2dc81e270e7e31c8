"""When a process that ended is started again, after how long, and when we give up."""

from dataclasses import dataclass

DELAYS_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
MOST_EXITS_BEFORE_READY = 3
STEADY_SECONDS = 30.0


@dataclass(slots=True)
class RestartPolicy:
    """The history of one process, as far as the next decision needs it."""

    exits_before_ready: int = 0
    restarts: int = 0
    has_been_ready: bool = False
    _step: int = 0

    def on_ready(self) -> None:
        """From now on it is worth restarting for ever."""
        self.has_been_ready = True

    def on_exit(self, ran_seconds: float) -> float | None:
        """Return the seconds to wait before the next start, or None: give up."""
        if not self.has_been_ready:
            self.exits_before_ready += 1
            if self.exits_before_ready >= MOST_EXITS_BEFORE_READY:
                return None
        if ran_seconds >= STEADY_SECONDS:
            self._step = 0
        delay = DELAYS_SECONDS[min(self._step, len(DELAYS_SECONDS) - 1)]
        self._step += 1
        self.restarts += 1
        return delay
