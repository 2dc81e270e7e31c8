"""Which partitions a relay leads: its share among the relays that live, for as long as it renews.

A relay asks again every half second, and at the very moment when another's lease ends, so that
what a dead leader held is taken over as soon as it may be (DESIGN §4).
"""

import logging

from shared.clock import Clock
from shared.messaging.headers import fixed_headers
from shared.messaging.outbox import Checkpoint, LeaseLostError, Outbox
from shared.messaging.packing import Heads
from shared.messaging.sending import RENEW_EVERY_SECONDS

log = logging.getLogger(__name__)

SHORTEST_WAIT_SECONDS = 0.02


class Leadership:
    """What one relay holds of one topic."""

    def __init__(self, outbox: Outbox, service: str, clock: Clock) -> None:
        self._outbox = outbox
        self._service = service
        self._clock = clock
        self._claim_at = 0.0
        self.held: dict[int, Checkpoint] = {}
        self.heads = Heads([])

    def wait_at_most(self, seconds: float) -> float:
        """Return how long may be waited so that the next claim comes in time."""
        return max(0.0, min(seconds, self._claim_at - self._clock.monotonic()))

    async def claim_if_due(self) -> None:
        """Claim when it is time."""
        if self._clock.monotonic() >= self._claim_at:
            await self.claim()

    async def claim(self) -> None:
        """Renew what is held, give back or take what the share says."""
        claim = await self._outbox.claim()
        wait = RENEW_EVERY_SECONDS
        if claim.free_in is not None:
            wait = min(wait, max(claim.free_in, SHORTEST_WAIT_SECONDS))
        self._claim_at = self._clock.monotonic() + wait
        if claim.held.keys() != self.held.keys():
            log.info("relay leads partitions", extra={"partitions": sorted(claim.held)})
        self.held = claim.held
        if self.held:
            self.heads = Heads(fixed_headers(self._service, self.epoch))

    @property
    def epoch(self) -> int:
        """The epoch of what is held."""
        return next(iter(self.held.values())).epoch

    async def renew(self) -> None:
        """Renew every lease.

        Raises:
            LeaseLostError: one of them ran out meanwhile.
        """
        if not self.held.keys() <= await self._outbox.renew():
            raise LeaseLostError

    def lose(self) -> None:
        """Hold nothing any more, whatever the store says, and claim at the next occasion."""
        self.held = {}
        self._claim_at = 0.0

    async def give_up(self) -> None:
        """Leave what is held to others at once."""
        self.lose()
        await self._outbox.release()
