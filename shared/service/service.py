"""A service is described once: what it is called, what it writes, and what its databases hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.authorization.people import DEMO_PEOPLE
from shared.eventstore.codec import EventCodec
from shared.messaging.headers import source_of
from shared.messaging.topics import ACCESS, Topic
from shared.projecting.marks import Followed


@dataclass(frozen=True, slots=True)
class Service:
    """One service of Daybook; its package is `services.<name>`, its databases bear its name."""

    name: str
    version: str
    """The release that its code is."""
    topic: Topic
    """Where the relay publishes its events."""
    codec: EventCodec
    """Reads back every event that it ever wrote."""
    beats: Topic | None = None
    """Where its relay says until when Kafka has everything; for a topic of one partition."""
    read_models: Sequence[str] = ()
    """What its projector keeps."""
    truth_migrations: Sequence[str] = ()
    """Packages with migrations of its own for truth; what every service has comes before."""
    views_migrations: Sequence[str] = ()
    """The same for views."""

    @property
    def source(self) -> str:
        """Its name on Kafka."""
        return source_of(self.name)

    @property
    def owner(self) -> str:
        """The database role that owns everything in its databases, and cannot log in."""
        return f"{self.name}_owner"

    @property
    def account(self) -> str:
        """The subject that acts when the service itself does something."""
        return DEMO_PEOPLE[self.name].subject

    @property
    def relayed(self) -> Sequence[Topic]:
        """What its relay publishes: its events, and the records of who was shown what."""
        return (self.topic, ACCESS)

    def followed(self, read_model: str) -> Followed:
        """Return what one of its read models follows: its own events."""
        return Followed(read_model, self.source, self.topic.name, self.topic.partitions)
