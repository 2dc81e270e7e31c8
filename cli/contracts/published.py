"""The one list of what is published: every topic, with its owner, its events and their examples.

A new topic, or a new codec of a service, is one more entry here; a new event type is one more
line in its topic's story.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.contracts.customer_story import a_customer
from cli.contracts.openapi import customers_openapi, permissions_openapi
from cli.contracts.permissions_story import a_policy
from cli.contracts.settings_story import a_field, a_view
from cli.contracts.stories import Story, a_beat, an_alert, records_of_a_day, ten_seconds
from services.customers.storage.codec import CODEC as CUSTOMERS_CODEC
from services.customers.streams.events import ACTIVITY_CODEC
from services.permissions.storage.codec import CODEC as PERMISSIONS_CODEC
from services.permissions.streams.events import ALERTS_CODEC
from shared.eventstore.codec import EventCodec
from shared.eventstore.record_types import RECORDS
from shared.messaging.heartbeats import HEARTBEATS_CODEC
from shared.messaging.topics import (
    ACCESS,
    ACTIVITY,
    ALERTS,
    CUSTOMERS,
    FOREVER,
    HEARTBEATS,
    ONE_HOUR,
    PERMISSIONS,
    TWO_HOURS,
    Topic,
)


@dataclass(frozen=True, slots=True)
class PublishedTopic:
    """A topic as its readers see it."""

    folder: str
    """The folder of its contracts, inside docs/contracts."""
    topic: Topic
    service: str
    """The service that writes it; the CloudEvents source is /daybook/<service>."""
    about: str
    owner: str
    key: str
    """What the key of a record is."""
    codec: EventCodec
    story: Story
    """What makes the examples: one life in which every event type happens once."""
    upcasters_in: str
    """The file where old shapes of these events are made current."""
    settings: Mapping[str, str]
    """The topic's settings on Kafka."""
    counts_streams: bool = True
    """Whether ce_sequence counts the events of a stream; else it is only unique."""
    is_derived: bool = False
    """Whether it is made of another topic: its records have no place in a store's log."""
    openapi: Callable[[], dict[str, Any]] | None = None
    """Describes the HTTP api of the service, if its contracts lie in this folder too."""

    @property
    def headers(self) -> str:
        """The file in docs/contracts/envelope that describes the headers of its records."""
        return "derived-headers.json" if self.is_derived else "headers.json"


PUBLISHED = (
    PublishedTopic(
        folder="customers",
        topic=CUSTOMERS,
        service="customers",
        about="Everything that ever happens to a customer.",
        owner="the customers service (services/customers)",
        key="the customer's id: all events about one customer are in one partition, in one order;"
        " of other streams their own id",
        codec=CUSTOMERS_CODEC,
        story=lambda: (*a_customer(), *a_field(), *a_view()),
        upcasters_in="services/customers/storage/codec.py",
        settings=FOREVER,
        openapi=customers_openapi,
    ),
    PublishedTopic(
        folder="permissions",
        topic=PERMISSIONS,
        service="permissions",
        about="Who may do what: everything that ever changed about it.",
        owner="the permissions service (services/permissions)",
        key="the stream's id: there is one partition, so all of it has one order",
        codec=PERMISSIONS_CODEC,
        story=a_policy,
        upcasters_in="services/permissions/storage/codec.py",
        settings=FOREVER,
        openapi=permissions_openapi,
    ),
    PublishedTopic(
        folder="heartbeats",
        topic=HEARTBEATS,
        service="permissions",
        about="How young a copy of all permissions is: until when daybook.permissions.v1 has"
        " everything.",
        owner="the relay of the permissions service (shared/messaging/beating.py)",
        key="the service that it speaks for",
        codec=HEARTBEATS_CODEC,
        story=a_beat,
        upcasters_in="shared/messaging/heartbeats.py",
        settings=ONE_HOUR,
        is_derived=True,
    ),
    PublishedTopic(
        folder="access",
        topic=ACCESS,
        service="customers",
        about="Who was shown or refused what, what failed, and what operators did by hand.",
        owner="every service writes its own; the rules are those of shared/eventstore/records.py",
        key="the id of the customer concerned, else of the actor",
        codec=RECORDS,
        story=records_of_a_day,
        upcasters_in="shared/eventstore/record_types.py",
        settings=FOREVER,
        counts_streams=False,
    ),
    PublishedTopic(
        folder="activity",
        topic=ACTIVITY,
        service="customers",
        about="How much is happening now: live and approximate, made of daybook.customers.v1.",
        owner="the customers service (services/customers/streams)",
        key="activity-N: N is the partition that was counted, and the one where the record lies",
        codec=ACTIVITY_CODEC,
        story=ten_seconds,
        upcasters_in="services/customers/streams/events.py",
        settings=TWO_HOURS,
        is_derived=True,
    ),
    PublishedTopic(
        folder="alerts",
        topic=ALERTS,
        service="permissions",
        about="Access that is unusual: live and approximate, made of daybook.access.v1.",
        owner="the permissions service (services/permissions/streams)",
        key="the opaque id of whoever it was",
        codec=ALERTS_CODEC,
        story=an_alert,
        upcasters_in="services/permissions/streams/events.py",
        settings=FOREVER,
        is_derived=True,
    ),
)
