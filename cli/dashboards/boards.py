"""Four dashboards, one for each question of an operator: what is late, slow, failing, standing?"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: what it shows, what that means, its unit, and its lines with their legends."""

    title: str
    meaning: str
    unit: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    name: str
    title: str
    panels: Sequence[Panel]


def _quantile(share: str, metric: str, *by: str) -> str:
    rates = f"rate({metric}_bucket[$__rate_interval])"
    return f"histogram_quantile({share}, sum by ({', '.join(('le', *by))}) ({rates}))"


def _rate(metric: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) (rate({metric}[$__rate_interval]))"


LAG = Board(
    "lag",
    "Daybook: lag",
    (
        Panel(
            "Behind the store",
            "How long the oldest change has waited that Kafka or a read model does not have.",
            "s",
            [("daybook:lag_seconds:max", "{{role}} {{topic}} {{projection}} {{state}}")],
        ),
        Panel(
            "Permissions",
            "How old what a process knows of them is; how late changes came into force.",
            "s",
            [
                ("max by (instance) (daybook_permissions_age_seconds)", "age {{instance}}"),
                (_quantile("0.99", "daybook_permission_applied_seconds"), "applied, p99"),
            ],
        ),
        Panel(
            "Events behind",
            "How many such changes there are.",
            "short",
            [
                (
                    "max by (role, topic, projection, state) (daybook_lag_events)",
                    "{{role}} {{topic}} {{projection}} {{state}}",
                )
            ],
        ),
        Panel(
            "Canary",
            "An event goes the whole way once a minute: how long ago one came, how long it took.",
            "s",
            [
                ("min by (process) (daybook_canary_age_seconds)", "age, {{process}}"),
                ("max(daybook_canary_trip_seconds)", "trip"),
            ],
        ),
        Panel(
            "Held back by a transaction",
            "How long the oldest open transaction has held back every reader of the log.",
            "s",
            [("max(daybook_horizon_lag_seconds)", "held")],
        ),
        Panel(
            "Sent and applied",
            "Events a second that Kafka acknowledged, and that each read model applied.",
            "ops",
            [
                (_rate("daybook_relay_events_total", "topic"), "sent to {{topic}}"),
                (_rate("daybook_projection_events_total", "projection"), "applied: {{projection}}"),
                (_rate("daybook_stream_events_total", "stream"), "counted: {{stream}}"),
            ],
        ),
        Panel(
            "Rows imported",
            "Rows of files a second, by what became of them.",
            "ops",
            [(_rate("daybook_import_rows_total", "outcome"), "{{outcome}}")],
        ),
        Panel(
            "Partitions with a relay",
            "Twelve of each topic, or some changes are not sent.",
            "short",
            [("sum by (process, topic) (daybook_relay_partitions_led)", "{{process}} {{topic}}")],
        ),
    ),
)
LATENCY = Board(
    "latency",
    "Daybook: latency",
    (
        Panel(
            "Requests, 99 of 100",
            "How long requests take, by route: the slowest of a hundred.",
            "s",
            [
                (
                    _quantile("0.99", "daybook_http_request_seconds", "method", "route"),
                    "{{method}} {{route}}",
                )
            ],
        ),
        Panel(
            "Requests, half",
            "How long the middle one takes.",
            "s",
            [
                (
                    _quantile("0.5", "daybook_http_request_seconds", "method", "route"),
                    "{{method}} {{route}}",
                )
            ],
        ),
        Panel(
            "Commands",
            "Load, decide, append: the slowest of a hundred, by command.",
            "s",
            [(_quantile("0.99", "daybook_command_seconds", "command"), "{{command}}")],
        ),
        Panel(
            "Appends",
            "One append, from asking for a connection to the commit.",
            "s",
            [
                (_quantile("0.99", "daybook_append_seconds"), "99 of 100"),
                (_quantile("0.5", "daybook_append_seconds"), "half"),
            ],
        ),
        Panel(
            "Relay rounds",
            "Packed, acknowledged by Kafka, recorded: the slowest of a hundred.",
            "s",
            [(_quantile("0.99", "daybook_relay_round_seconds", "topic"), "{{topic}}")],
        ),
        Panel(
            "Projection batches",
            "Decoded, applied, committed: the slowest of a hundred.",
            "s",
            [
                (
                    _quantile("0.99", "daybook_projection_batch_seconds", "projection"),
                    "{{projection}}",
                )
            ],
        ),
        Panel(
            "Import batches",
            "1,000 rows looked up, planned, sealed, written: the slowest of a hundred, and half.",
            "s",
            [
                (_quantile("0.99", "daybook_import_batch_seconds"), "99 of 100"),
                (_quantile("0.5", "daybook_import_batch_seconds"), "half"),
            ],
        ),
    ),
)
ERRORS = Board(
    "errors",
    "Daybook: errors",
    (
        Panel(
            "Requests by answer",
            "A second, by class of status.",
            "reqps",
            [(_rate("daybook_http_request_seconds_count", "status"), "{{status}}")],
        ),
        Panel(
            "Failed requests",
            "The share that we failed; the promise is 99.9 %.",
            "percentunit",
            [("daybook:requests_failed:ratio_rate5m", "of five minutes")],
        ),
        Panel(
            "Commands by outcome",
            "A second: done, refused as asked for, or failed by us.",
            "ops",
            [(_rate("daybook_command_seconds_count", "outcome"), "{{outcome}}")],
        ),
        Panel(
            "Began again",
            "How often relay and read models failed and began again, a second.",
            "ops",
            [
                (_rate("daybook_relay_failures_total", "topic"), "relay {{topic}}"),
                (_rate("daybook_projection_failures_total", "projection"), "{{projection}}"),
            ],
        ),
        Panel(
            "Lost",
            "Records refused, leavings untold, events that live figures miss, numbers not known.",
            "short",
            [
                ("sum by (type) (daybook_records_refused_total)", "records {{type}}"),
                ("sum(daybook_leavings_untold)", "leavings untold"),
                ("sum by (stream) (daybook_stream_set_aside_total)", "figures {{stream}}"),
                ("sum by (part) (daybook_scrape_failures_total)", "number {{part}}"),
            ],
        ),
        Panel(
            "Unusual access",
            "How often somebody's access was unusual within an hour; approximate.",
            "short",
            [("sum by (pattern) (increase(daybook_unusual_access_total[1h]))", "{{pattern}}")],
        ),
        Panel(
            "Processes",
            "Who answers, by role and version.",
            "short",
            [("count by (role, version) (daybook_build_info)", "{{role}} {{version}}")],
        ),
    ),
)
_VERSION = "{{projection}} {{version}}"
PARKED = Board(
    "parked",
    "Daybook: what stands",
    (
        Panel(
            "Parked streams",
            "Streams that wait because one of their events cannot be applied.",
            "short",
            [("max by (projection, version) (daybook_parked_streams)", _VERSION)],
        ),
        Panel(
            "Parked events",
            "Events of these streams.",
            "short",
            [("max by (projection, version) (daybook_parked_events)", _VERSION)],
        ),
        Panel(
            "Oldest open erasure",
            "How long the oldest erasure has waited for a holder of copies.",
            "s",
            [("max(daybook_erasure_age_seconds)", "age")],
        ),
        Panel(
            "Oldest overdue access review",
            "How long ago it was due, by what it still lacks.",
            "s",
            [("max by (lacks) (daybook_review_overdue_seconds)", "lacks {{lacks}}")],
        ),
        Panel(
            "Imports that stand or wait",
            "How long the slowest one under way has done nothing; how long the oldest one waits.",
            "s",
            [
                ("max(daybook_import_still_seconds)", "under way"),
                ("max(daybook_import_queued_seconds)", "waits for a worker"),
            ],
        ),
        Panel(
            "Imports",
            "Of the last seven days, by state.",
            "short",
            [("max by (state) (daybook_imports)", "{{state}}")],
        ),
        Panel(
            "Alarms",
            "1 as long as something is wrong.",
            "short",
            [("max by (alarm) (daybook_alarm)", "{{alarm}}")],
        ),
        Panel(
            "Room on the event store's disk",
            "Where the api's machine has it.",
            "bytes",
            [("min by (server) (daybook_disk_free_bytes)", "{{server}}")],
        ),
        Panel(
            "Epoch and connections",
            "Which life of the store this is; connections of all processes to each server.",
            "short",
            [
                ("max(daybook_epoch)", "epoch"),
                ("sum by (server) (daybook_connections)", "connections to {{server}}"),
            ],
        ),
    ),
)
BOARDS = (LAG, LATENCY, ERRORS, PARKED)
