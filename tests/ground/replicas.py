"""A process's own copy of the demo's permissions; of news it hears what a test lets through."""

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.replica import SOURCE, Replica, Snapshot
from shared.authorization.state import PermissionEvent
from shared.clock import SystemClock
from shared.messaging.heartbeats import Beat
from shared.testing.clock import TurnableClock
from tests.ground.rights import demo_world


class News:
    """What comes through to one replica; its clock stands until it is turned."""

    def __init__(self) -> None:
        self._clock = TurnableClock(SystemClock().now())
        self.replica = Replica(self._clock)
        self.replica.adopt(Snapshot(1, demo_world()))
        self.come()

    def come(self) -> None:
        """Let a beat through: what is known is all there is."""
        world = self.replica.world
        self.replica.hear(Beat(SOURCE, 1, self._clock.now(), world.position))

    def stay_away(self, seconds: float) -> None:
        """Let time pass in which no beat comes."""
        self._clock.turn(seconds)

    def stay_away_too_long(self, permission: str) -> None:
        """Let so much time pass that this is not decided any more."""
        limit = self.replica.world.limits[permission]
        self.stay_away(max(0.0, limit - self.replica.freshness.age) + 0.001)

    def tell(self, person: str, type_: str) -> None:
        """Let come what happened to somebody."""
        world = self.replica.world
        stream = f"subject-{DEMO_PEOPLE[person].subject}"
        event = PermissionEvent(world.position + 1, stream, type_, {})
        self.replica.adopt(Snapshot(1, world.after([event])))
