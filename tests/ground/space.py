"""How much room a server has is what a test says it is."""


class TurnableSpace:
    """A volume with as many free bytes as the test sets; None: nobody can know."""

    def __init__(self) -> None:
        self.free: int | None = 1_000_000

    async def free_bytes(self) -> int | None:
        """Return what the test set."""
        return self.free
