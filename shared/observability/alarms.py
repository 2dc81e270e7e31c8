"""An alarm is told once when something goes wrong, and once when all is well again."""

import logging

from shared.observability.metrics import Metrics
from shared.observability.names import AlarmName

log = logging.getLogger(__name__)


class Alarm:
    """One alarm of one process: a critical log line, and a gauge that is 1 as long as it lasts."""

    def __init__(self, name: AlarmName, metrics: Metrics) -> None:
        self._name = name
        self._metrics = metrics
        self.is_raised = False
        metrics.set("daybook_alarm", 0, name)

    def sound(self, sentence: str, **facts: str | float | None) -> None:
        """Raise it, unless it is raised already."""
        if not self.is_raised:
            self._turn(is_raised=True)
            log.critical(sentence, extra={"alarm": self._name, **facts})

    def heal(self, sentence: str, **facts: str | float | None) -> None:
        """End it, if it was raised."""
        if self.is_raised:
            self._turn(is_raised=False)
            log.warning(sentence, extra={"alarm": self._name, **facts})

    def _turn(self, *, is_raised: bool) -> None:
        self.is_raised = is_raised
        self._metrics.set("daybook_alarm", int(is_raised), self._name)
