"""Billing, as it is registered, but as a reader of a test's own topic."""

from shared.messaging.consumers import RegisteredConsumer, read_consumers
from shared.messaging.topics import CUSTOMERS, Topic
from shared.settings import PUBLISHED


def billing_of(topic: Topic) -> RegisteredConsumer:
    """Return billing as a reader of this topic."""
    billing = read_consumers(PUBLISHED / "consumers")["billing"]
    return billing.model_copy(
        update={"reads": {topic.name: billing.reads[CUSTOMERS.name]}, "opens": (topic.name,)}
    )
