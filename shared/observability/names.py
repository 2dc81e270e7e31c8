"""Every name that a span or a metric may have, so that a dashboard never meets an unknown one."""

from typing import Literal

SpanName = Literal[
    # One call of the event store, child of the request that asked for it.
    "append",
    # One event's share of a relay round, child of the event's stored traceparent.
    "send daybook.customers.v1",
    # One event's share of a projection batch, child of the event's stored traceparent.
    "process daybook.customers.v1",
    # The canary's whole trip: store, Kafka, read model.
    "canary",
]
"""Spans of our own; a request's span is named `{method} {route}` by HTTP convention."""

MetricName = Literal[
    # Seconds since the oldest event that the store has and Kafka does not.
    "daybook.relay.lag",
    # Seconds since the oldest event that Kafka has and the read model does not.
    "daybook.projection.lag",
    # Seconds since the oldest transaction that holds back every reader of the log.
    "daybook.horizon.lag",
    # Seconds since the oldest erasure was asked for that not every holder has answered.
    "daybook.erasure.age",
]
"""Metrics of our own, recorded once a batch, never once an event."""
