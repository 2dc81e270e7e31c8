"""How imports are stands in numbers: what became of rows, how many wait, how long one stands."""

from collections.abc import Mapping
from typing import Final, get_args

from services.customers.application.importing.jobs import Job, State
from services.customers.application.importing.steps import Step
from shared.clock import Clock
from shared.observability.metrics import UNMEASURED, Metrics
from shared.postgres.lanes import Lanes

CHECKED: Final = "checked"
"""What became of a row of a dry run."""
BY_STATE: Final = """select state, count(*) as imports,
        max(extract(epoch from $1::timestamptz - touched_at))::float8 as seconds
    from imports where emptied_at is null group by state"""


class ImportNumbers:
    """Counts what one worker does."""

    def __init__(self, metrics: Metrics = UNMEASURED) -> None:
        self._metrics = metrics

    def written(self, job: Job, step: Step, seconds: float) -> None:
        """Count one batch: its rows by what became of them, and how long it took."""
        self._metrics.observe("daybook_import_batch_seconds", seconds)
        if job.is_dry_run:
            self._metrics.count("daybook_import_rows_total", step.rows, CHECKED)
            return
        for outcome, column in job.outcomes.items():
            if step.counts[column]:
                self._metrics.count("daybook_import_rows_total", step.counts[column], outcome)


async def measure_imports(truth: Lanes, clock: Clock, metrics: Metrics) -> None:
    """Say how many imports are in which state, and how long the slowest ones have stood.

    Raises:
        UnavailableError: the store does not answer.
    """
    rows = await truth.fetch(BY_STATE, clock.now())
    counts: Mapping[str, int] = {row["state"]: row["imports"] for row in rows}
    seconds: Mapping[str, float] = {row["state"]: row["seconds"] for row in rows}
    for state in get_args(State):
        metrics.set("daybook_imports", counts.get(state, 0), state)
    metrics.set("daybook_import_queued_seconds", max(seconds.get("waiting", 0.0), 0.0))
    metrics.set("daybook_import_still_seconds", max(seconds.get("running", 0.0), 0.0))
