"""How many rows an import plans at once: fewer for as long as changes come faster than a plan."""


class Pace:
    """Halves when a plan was overtaken and doubles when one was written, so an import goes on.

    However often rights change or somebody is faster: a single row is planned in some milliseconds.
    """

    def __init__(self, most: int) -> None:
        """Begin with `most` rows, and never plan more."""
        self._most = most
        self.rows = most

    def overtaken(self) -> None:
        """What was planned did not hold any more: plan less."""
        self.rows = max(1, self.rows // 2)

    def kept(self) -> None:
        """What was planned is written: plan more."""
        self.rows = min(self._most, self.rows * 2)
