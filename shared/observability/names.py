"""Every name that a span or a metric may have, so that a dashboard never meets an unknown one."""

from dataclasses import dataclass
from typing import Final, Literal

SpanName = Literal[
    # One call of the event store, child of the request that asked for it.
    "append",
    # One event's share of a relay round, child of the event's stored traceparent.
    "send daybook.customers.v1",
    "send daybook.access.v1",
    "send daybook.permissions.v1",
    # One event's share of a projection batch, child of the event's stored traceparent.
    "process daybook.customers.v1",
    # The canary's whole trip: store, Kafka, read model.
    "canary",
]
"""Spans of our own; a request's span is named `{method} {route}` by HTTP convention."""

CounterName = Literal[
    "daybook_relay_events_total",
    "daybook_relay_failures_total",
    "daybook_projection_events_total",
    "daybook_projection_failures_total",
    "daybook_stream_events_total",
    "daybook_stream_set_aside_total",
    "daybook_unusual_access_total",
    "daybook_permission_check_failures_total",
    "daybook_permission_clock_faults_total",
    "daybook_import_rows_total",
    "daybook_records_refused_total",
    "daybook_scrape_failures_total",
]
HistogramName = Literal[
    "daybook_http_request_seconds",
    "daybook_command_seconds",
    "daybook_append_seconds",
    "daybook_relay_round_seconds",
    "daybook_projection_batch_seconds",
    "daybook_import_batch_seconds",
    "daybook_permission_applied_seconds",
]
GaugeName = Literal[
    "daybook_build_info",
    "daybook_connections",
    "daybook_relay_partitions_led",
    "daybook_lag_events",
    "daybook_lag_seconds",
    "daybook_horizon_lag_seconds",
    "daybook_horizon_blocking_pid",
    "daybook_epoch",
    "daybook_canary_age_seconds",
    "daybook_canary_trip_seconds",
    "daybook_erasure_age_seconds",
    "daybook_imports",
    "daybook_import_queued_seconds",
    "daybook_import_still_seconds",
    "daybook_disk_free_bytes",
    "daybook_permissions_age_seconds",
    "daybook_leavings_untold",
    "daybook_review_overdue_seconds",
    "daybook_parked_streams",
    "daybook_parked_events",
    "daybook_alarm",
]
AlarmName = Literal[
    # No canary came through for three periods: something between store and read model stands.
    "canary-old",
    # The event store's disk is down to its reserve: nothing is written, reading goes on.
    "disk-nearly-full",
    # The erasure ledger cannot be written: nobody is erased.
    "erasure-ledger",
    # Kafka or a read model lacks something that was stored an hour ago: changes are visible late.
    "far-behind",
]
MetricName = CounterName | HistogramName | GaugeName


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number means, in which unit, and told apart by what (labels have few values)."""

    unit: str
    labels: tuple[str, ...]
    meaning: str


_WAY = ("role", "topic", "projection", "state")

METRICS: Final[dict[MetricName, Metric]] = {
    "daybook_lag_seconds": Metric(
        "seconds", _WAY,
        "How long the oldest event has waited that the store has and Kafka (role relay) or the read"
        " model (role projector) does not; 0 when idle. State: live, refilling, rebuilding;"
        " unknown while the other service whose events a read model follows does not say how many"
        " it has.",
    ),
    "daybook_lag_events": Metric(
        "events", _WAY,
        "How many such events there are; of what was never sent at most 1,000 a partition are"
        " counted.",
    ),
    "daybook_horizon_lag_seconds": Metric(
        "seconds", (), "How long the oldest open transaction has held back every reader of the log."
    ),
    "daybook_horizon_blocking_pid": Metric(
        "pid", (), "The PostgreSQL process of that transaction; 0 if there is none."
    ),
    "daybook_epoch": Metric("1", (), "Which life of the store this is; it rises at a restore."),
    "daybook_canary_age_seconds": Metric(
        "seconds", (),
        "How long ago a canary last came through store, Kafka and read model (or the api began).",
    ),
    "daybook_canary_trip_seconds": Metric("seconds", (), "How long its trip took."),
    "daybook_erasure_age_seconds": Metric(
        "seconds", (),
        "How long ago the oldest erasure was asked for that not every holder has answered.",
    ),
    "daybook_parked_streams": Metric(
        "streams", ("projection", "version"),
        "Streams that wait because one of their events cannot be applied.",
    ),
    "daybook_parked_events": Metric(
        "events", ("projection", "version"), "Events of these streams, the failed ones included."
    ),
    "daybook_disk_free_bytes": Metric(
        "bytes", ("server",),
        "Room left on the volume of the event store's data or WAL, whichever has less; only where"
        " this machine has it.",
    ),
    "daybook_alarm": Metric("1", ("alarm",), "1 as long as something is wrong, by its name."),
    "daybook_http_request_seconds": Metric(
        "seconds", ("method", "route", "status"),
        "How long an HTTP request took, by route template and status class (2xx … 5xx).",
    ),
    "daybook_command_seconds": Metric(
        "seconds", ("command", "outcome"),
        "How long a command took: load, decide, append; outcome is done, refused or failed.",
    ),
    "daybook_append_seconds": Metric(
        "seconds", (), "How long one append took, from asking for a connection to the commit."
    ),
    "daybook_relay_round_seconds": Metric(
        "seconds", ("topic",),
        "How long a relay round took: packed, acknowledged by Kafka, recorded.",
    ),
    "daybook_relay_events_total": Metric(
        "events", ("topic",), "Events that Kafka acknowledged."
    ),
    "daybook_relay_failures_total": Metric(
        "failures", ("topic",), "How often the relay failed and began again at its checkpoint."
    ),
    "daybook_relay_partitions_led": Metric(
        "partitions", ("topic",), "Partitions whose lease this process holds."
    ),
    "daybook_projection_batch_seconds": Metric(
        "seconds", ("projection",), "How long a batch took: decoded, applied, committed."
    ),
    "daybook_projection_events_total": Metric(
        "events", ("projection",), "Events that the read model applied."
    ),
    "daybook_projection_failures_total": Metric(
        "failures", ("projection",), "How often the projection failed and began again at its marks."
    ),
    "daybook_stream_events_total": Metric(
        "events", ("stream",), "Events whose effect on live figures was published."
    ),
    "daybook_stream_set_aside_total": Metric(
        "events", ("stream",), "Events that live figures miss because working them in failed."
    ),
    "daybook_unusual_access_total": Metric(
        "alerts", ("pattern",),
        "How often it was told that somebody's access was unusual: mass_reads, refusals and"
        " restricted_at_odd_hours, approximate; emergency, each that was taken.",
    ),
    "daybook_permissions_age_seconds": Metric(
        "seconds", (),
        "How old what this process knows of permissions may be; +Inf before it knows any. What is"
        " older than the limit of its risk is denied.",
    ),
    "daybook_permission_applied_seconds": Metric(
        "seconds", (),
        "How long ago the oldest change of permissions in a batch was recorded when this process"
        " began to decide by it: from a revocation to the first refusal.",
    ),
    "daybook_leavings_untold": Metric(
        "leavings", (),
        "Leavings by which this process decides already, and which it has not put on record yet:"
        " the store takes no records. Kept and tried again; lost if the process is killed"
        " meanwhile.",
    ),
    "daybook_review_overdue_seconds": Metric(
        "seconds", ("lacks",),
        "How long ago the oldest access review was due that still lacks decisions, or only its"
        " sign_off; 0 if none does.",
    ),
    "daybook_permission_check_failures_total": Metric(
        "decisions", (), "Decisions that failed, and were therefore refusals."
    ),
    "daybook_permission_clock_faults_total": Metric(
        "beats", (),
        "Beats from the future, which prove nothing: this clock or that of the relay is wrong.",
    ),
    "daybook_imports": Metric(
        "imports", ("state",),
        "Imports of the last seven days, and undoings of them. State: uploading, waiting, running,"
        " done, failed, stopped, cancelled.",
    ),
    "daybook_import_queued_seconds": Metric(
        "seconds", (),
        "How long the oldest import has waited for a worker to begin it; 0 if none waits.",
    ),
    "daybook_import_still_seconds": Metric(
        "seconds", (),
        "How long ago the one of the imports under way last got on that has stood longest; 0 if"
        " none is under way.",
    ),
    "daybook_import_rows_total": Metric(
        "rows", ("outcome",),
        "Rows that are done: created, changed, unchanged, refused; of an undoing withdrawn,"
        " restored, unchanged, left; of a dry run checked.",
    ),
    "daybook_import_batch_seconds": Metric(
        "seconds", (), "How long a batch of 1,000 rows took: looked up, planned, sealed, written."
    ),
    "daybook_connections": Metric(
        "connections", ("server",), "Open connections of this process to truth, views and keys."
    ),
    "daybook_build_info": Metric(
        "1", ("service", "role", "version"), "Always 1; says who this process is."
    ),
    "daybook_records_refused_total": Metric(
        "records", ("type",),
        "Records that the store refuses for what they hold; they are lost, the others are kept.",
    ),
    "daybook_scrape_failures_total": Metric(
        "failures", ("part",), "How often a number could not be found out, and was left out."
    ),
}  # fmt: skip
"""Every metric of our own; recorded once a batch, a request or a scrape, never once an event."""
