"""What the numbers were, minute by minute, and which alerts that must raise and which not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TOPIC = "daybook.customers.v1"
_A = 'instance="a:8150"'
_LED = "daybook_relay_partitions_led"
_WAY = f'topic="{TOPIC}",{_A},state'

# A number stands still; `a+bxn` goes up by b each minute, as promtool writes it.
ALL_IS_WELL = {
    f'up{{job="daybook",process="customers-api",{_A}}}': "1",
    **{
        f'daybook_build_info{{service="{service}",role="{role}"}}': "1"
        for service, roles in {
            "customers": "api relay projector worker streams",
            "permissions": "api relay projector streams",
        }.items()
        for role in roles.split()
    },
    f'daybook_canary_age_seconds{{process="customers-api",{_A}}}': "30",
    f'daybook_canary_age_seconds{{process="permissions-api",{_A}}}': "30",
    f'daybook_lag_seconds{{role="relay",projection="",{_WAY}="live"}}': "0",
    f'daybook_lag_seconds{{role="projector",projection="directory",{_WAY}="live"}}': "0.2",
    # However far a rebuild is from its end.
    f'daybook_lag_seconds{{role="projector",projection="directory",{_WAY}="rebuilding"}}': "9000",
    f'{_LED}{{process="customers-relay",topic="{TOPIC}",instance="r1:8150"}}': "7",
    f'{_LED}{{process="customers-relay",topic="{TOPIC}",instance="r2:8150"}}': "5",
    f'{_LED}{{process="customers-relay",topic="daybook.access.v1",instance="r1:8150"}}': "12",
    f'{_LED}{{process="permissions-relay",topic="daybook.access.v1",instance="r3:8150"}}': "12",
    f'{_LED}{{process="permissions-relay",topic="daybook.permissions.v1",instance="r3:8150"}}': "1",
    f'{_LED}{{process="permissions-relay",topic="daybook.permissions.v1",instance="r4:8150"}}': "0",
    f"daybook_horizon_lag_seconds{{{_A}}}": "0",
    f'daybook_parked_streams{{projection="directory",version="1",{_A}}}': "0",
    f"daybook_erasure_age_seconds{{{_A}}}": "600",
    f"daybook_import_still_seconds{{{_A}}}": "2",
    f"daybook_import_queued_seconds{{{_A}}}": "600",
    f"daybook_epoch{{{_A}}}": "1",
    f'daybook_alarm{{alarm="disk-nearly-full",{_A}}}': "0",
    f'daybook_alarm{{alarm="erasure-ledger",{_A}}}': "0",
    f'daybook_disk_free_bytes{{server="truth",{_A}}}': "100000000000",
    f'daybook_relay_failures_total{{topic="{TOPIC}",{_A}}}': "0",
    f'daybook_projection_failures_total{{projection="directory",{_A}}}': "0",
    f'daybook_stream_set_aside_total{{stream="activity",{_A}}}': "0",
    f'daybook_records_refused_total{{type="AccessRecorded",{_A}}}': "0",
    f'daybook_scrape_failures_total{{part="lag",{_A}}}': "0",
    f"daybook_permissions_age_seconds{{{_A}}}": "0.3",
    f'daybook_review_overdue_seconds{{lacks="decisions",{_A}}}': "600",
    f'daybook_review_overdue_seconds{{lacks="sign_off",{_A}}}': "0",
    f"daybook_permission_check_failures_total{{{_A}}}": "0",
    f"daybook_permission_clock_faults_total{{{_A}}}": "0",
    f'daybook_unusual_access_total{{pattern="refusals",{_A}}}': "0",
    f'daybook_append_seconds_bucket{{le="0.01",{_A}}}': "0+6x400",
    f'daybook_append_seconds_bucket{{le="1.0",{_A}}}': "0+6x400",
    f'daybook_append_seconds_bucket{{le="+Inf",{_A}}}': "0+6x400",
    f'daybook_http_request_seconds_count{{status="2xx",{_A}}}': "0+600x400",
    f'daybook_http_request_seconds_count{{status="5xx",{_A}}}': "0",
    f'daybook_command_seconds_bucket{{le="0.25",command="rename",outcome="done",{_A}}}': "0+60x400",
    f'daybook_command_seconds_count{{command="rename",outcome="done",{_A}}}': "0+60x400",
}


@dataclass(frozen=True, slots=True)
class Story:
    """What was otherwise (by part of a series' name; None: it is not told), and what fires."""

    name: str
    otherwise: Mapping[str, str | None] = field(default_factory=dict)
    fires: set[tuple[str, str, str]] = field(default_factory=set)
    """Alert, severity, and what it is about."""
    minute: int = 10
    besides: dict[str, str] = field(default_factory=dict)

    def series(self) -> dict[str, str]:
        """Return every series with its numbers."""
        for part in self.otherwise:
            assert any(part in name for name in ALL_IS_WELL), f"{part} changes nothing"
        told = {}
        for name, value in ALL_IS_WELL.items():
            changes = [new for part, new in self.otherwise.items() if part in name]
            if (now := changes[-1] if changes else value) is not None:
                told[name] = now
        return told | self.besides


_BURNS = [("page", "14.4"), ("page", "6"), ("ticket", "1")]
_LIVE = f'projection="directory",{_WAY}="live"'
_DIRECTORY = f"projector{TOPIC}directory"
_NO_TRAFFIC = {"daybook_http": None, "daybook_command": None}

STORIES = (
    Story("all is well: nothing fires", minute=80),
    Story("nobody asks for anything: no ratio, no burn", _NO_TRAFFIC, minute=80),
    Story(
        "no api is measured",
        {"daybook_canary": None},
        {("DaybookNotMeasured", "page", "")},
    ),
    Story(
        "a process does not answer", {"up{": "0"}, {("DaybookProcessDown", "page", "customers-api")}
    ),
    Story(
        "each role that nobody has is named",
        {'service="customers",role="streams"': None, 'service="permissions",role="relay"': None},
        {
            ("DaybookRoleMissing", "page", "customersstreams"),
            ("DaybookRoleMissing", "page", "permissionsrelay"),
        },
    ),
    Story(
        "one api through which a canary came is enough",
        {"daybook_canary": "900"},
        besides={
            f'daybook_canary_age_seconds{{process="{api}",instance="b:8150"}}': "20"
            for api in ("customers-api", "permissions-api")
        },
    ),
    Story(
        "no canary of one service comes, however well that of another does",
        {'canary_age_seconds{process="permissions-api"': "900"},
        {("DaybookCanaryOld", "page", "permissions-api")},
    ),
    Story(
        "a read model is ten minutes behind",
        {_LIVE: "600"},
        {("DaybookFarBehind", "ticket", _DIRECTORY)}
        | {("DaybookVisibleLate", severity, burn) for severity, burn in _BURNS},
    ),
    Story(
        "a read model is two hours behind",
        {_LIVE: "7200"},
        {("DaybookFarBehind", severity, _DIRECTORY) for severity in ("ticket", "page")}
        | {("DaybookVisibleLate", severity, burn) for severity, burn in _BURNS},
    ),
    Story(
        "a partition has no relay",
        {'instance="r2:8150"': "4"},
        {("DaybookPartitionsWithoutRelay", "page", f"customers-relay{TOPIC}")},
    ),
    Story(
        "the one partition of permissions has no relay, and one of the same service's records",
        {'v1",instance="r3:8150"': "0"},
        {
            ("DaybookPartitionsWithoutRelay", "page", f"permissions-relay{topic}")
            for topic in ("daybook.permissions.v1", "daybook.access.v1")
        },
    ),
    Story(
        "a transaction holds back the readers",
        {"daybook_horizon": "45"},
        {("DaybookHorizonHeld", "page", "")},
    ),
    Story(
        "what a process knows of permissions grows old",
        {"daybook_permissions_age": "60"},
        {("DaybookPermissionsOld", "page", "")},
    ),
    Story(
        "an access review is overdue: its reviewers are silent",
        {'daybook_review_overdue_seconds{lacks="decisions"': "4000"},
        {("DaybookReviewOverdue", "ticket", "decisions")},
    ),
    Story(
        "an access review is decided, and nobody signs it off",
        {'daybook_review_overdue_seconds{lacks="sign_off"': "4000"},
        {("DaybookReviewOverdue", "ticket", "sign_off")},
    ),
    Story(
        "an overdue access review is decided and signed off",
        {'daybook_review_overdue_seconds{lacks="decisions"': "4000x20 0x60"},
        minute=30,
    ),
    Story(
        "decisions fail",
        {"daybook_permission_check": "0+1x20"},
        {("DaybookChecksFail", "ticket", "")},
    ),
    Story(
        "somebody is refused again and again",
        {"daybook_unusual": "0+1x20"},
        {("DaybookUnusualAccess", "ticket", "refusals")},
    ),
    Story(
        "a stream is parked",
        {"daybook_parked": "1"},
        {("DaybookStreamsParked", "ticket", "directory")},
    ),
    Story(
        "an erasure is overdue",
        {"daybook_erasure": "4000"},
        {("DaybookErasureOverdue", "page", "")},
    ),
    Story(
        "an import stands still",
        {"daybook_import_still": "400"},
        {("DaybookImportStands", "ticket", "")},
    ),
    Story(
        "an import waits for a worker",
        {"daybook_import_queued": "4000"},
        {("DaybookImportsWait", "ticket", "")},
    ),
    Story(
        "an import that stood still gets on again",
        {"daybook_import_still": "400x5 1x80"},
    ),
    Story(
        "the erasure ledger cannot be written",
        {"erasure-ledger": "1"},
        {("DaybookErasureLedgerAway", "page", "")},
    ),
    Story(
        "another life of the store is news for an hour",
        {"daybook_epoch": "1x9 2x80"},
        {("DaybookNewEpoch", "ticket", "")},
        minute=30,
    ),
    Story("after that it is not", {"daybook_epoch": "1x9 2x80"}, minute=80),
    Story(
        "the disk is down to its reserve",
        {"disk-nearly-full": "1"},
        {("DaybookDiskNearlyFull", "page", "")},
    ),
    Story(
        "the disk fills up",
        {"daybook_disk_free": "100000000000-100000000x400"},
        {("DaybookDiskFillsUp", "ticket", "truth")},
        minute=390,
    ),
    Story(
        "relay and projector fail over and over",
        {"daybook_relay_failures": "0+2x80", "daybook_projection_failures": "0+2x80"},
        {("DaybookWorkFails", "ticket", TOPIC), ("DaybookWorkFails", "ticket", "directory")},
        minute=20,
    ),
    Story(
        "live figures miss an event",
        {"daybook_stream_set_aside": "0x5 1x80"},
        {("DaybookFiguresMissEvents", "ticket", "activity")},
        minute=20,
    ),
    Story(
        "a record is refused",
        {"daybook_records_refused": "0x5 1x80"},
        {("DaybookRecordsRefused", "page", "AccessRecorded")},
        minute=20,
    ),
    Story(
        "a number cannot be found out",
        {"daybook_scrape_failures": "0+1x80"},
        {("DaybookNumbersMissing", "ticket", "lag")},
        minute=30,
    ),
    Story(
        "appends are slow",
        {'daybook_append_seconds_bucket{le="0.01"': "0"},
        {("DaybookAppendsSlow", "ticket", "")},
        minute=30,
    ),
    Story(
        "two of a hundred requests fail",
        {'status="5xx"': "0+12x90"},
        {("DaybookRequestsFail", severity, burn) for severity, burn in _BURNS},
        minute=80,
    ),
    Story("fewer than one of a thousand fail", {'status="5xx"': "0+0.5x90"}, minute=80),
    Story(
        "what failed is over: nobody is woken any more, the ticket stays",
        {'status="5xx"': "0+12x60 720x40"},
        {("DaybookRequestsFail", "ticket", "1")},
        minute=100,
    ),
    Story(
        "every fourth command is slow",
        {"daybook_command_seconds_bucket": "0+45x90"},
        {("DaybookCommandsSlow", severity, burn) for severity, burn in _BURNS},
        minute=80,
    ),
)
