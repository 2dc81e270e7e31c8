"""A figure says how busy the machine was with other people's work meanwhile."""

import psutil


class Neighbours:
    """What processes that are not ours used of the processors since this was made."""

    def __init__(self) -> None:
        self._started = psutil.cpu_times(), _ours()

    @property
    def said(self) -> str:
        """Say it in cores: on two cores, half a core of others' is a quarter of the machine."""
        before, ours_before = self._started
        now = psutil.cpu_times()
        passed = (sum(now) - sum(before)) / (psutil.cpu_count() or 1)
        idle = now.idle + now.iowait - before.idle - before.iowait
        busy = sum(now) - sum(before) - idle
        others = max(busy - (_ours() - ours_before), 0.0)
        return f"others used {others / max(passed, 0.001):.2f} cores"


def _ours() -> float:
    """Return the processor seconds of this process and of all it started, ended ones too."""
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
