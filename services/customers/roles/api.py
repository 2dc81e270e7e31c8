"""The api role: commands, reads, the feed, and the canary that proves the way."""

from typing import Final

from services.customers.api.app import ApiParts, customers_api
from services.customers.application.erasing import CustomerErasures
from services.customers.application.erasure_watch import ErasureWatcher
from services.customers.application.holding import CopyHolders
from services.customers.application.importing.copies import ImportCopies
from services.customers.application.importing.measuring import measure_imports
from services.customers.application.view_deletions import ViewDeletions
from services.customers.projections.activity_queries import DailyActivity
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from services.customers.roles.erasing import erasure_watcher, holders_of
from services.customers.roles.ledger import open_gate
from services.customers.roles.service import FOLLOWED, FOLLOWED_DAILY, SERVICE
from services.customers.streams.activity import latest_activity
from shared.messaging.consumers import read_consumers
from shared.messaging.topics import ACTIVITY
from shared.observability.metrics import Metrics
from shared.projecting.watching import MarkWatcher
from shared.security.erasure_ledger import ErasureLedger
from shared.security.key_grants import KeyGrants
from shared.service.foundation import lay_foundation
from shared.service.process import Process
from shared.service.telling import keep_operators_told
from shared.web.app import serve
from shared.web.serving import listen

ACTIVITY_WAIT_MS: Final = 100
"""How long a fetch of live counts waits at the embedded broker: they are told once a second."""
ONE_ROW_EACH = """select (select count(*) from (select from directory limit 1) d)
    + (select count(*) from (select from activity_daily limit 1) a)"""


async def add_api(process: Process) -> None:
    """Let the process serve the HTTP api."""
    parts = await _parts(process)
    foundation, watchers = parts.foundation, (parts.watcher, parts.daily_watcher)
    told = await keep_operators_told(
        process, foundation, parts.watcher, watchers, reads=ONE_ROW_EACH
    )
    erasures = erasure_watcher(process, parts)
    process.metrics.found_out_by("erasures", lambda: _measure(erasures, process.metrics))
    process.metrics.found_out_by(
        "imports", lambda: measure_imports(foundation.truth, process.clock, process.metrics)
    )
    app = customers_api(parts, process.readiness, told)
    listener = listen(process.settings.host, process.settings.port)
    process.runs += [
        parts.watcher.run,
        parts.daily_watcher.run,
        parts.live_activity.run,
        erasures.run,
        ViewDeletions(foundation.truth, foundation.keys).run,
        lambda stop: serve(app, listener, stopping=stop),
    ]


async def _parts(process: Process) -> ApiParts:
    """Open what the routes stand on."""
    foundation = await lay_foundation(process)
    searches = await process.lanes(process.stores.views_dsn, "api", 4, SETTINGS)
    store, truth, views, keys = (
        foundation.store, foundation.truth, foundation.views, foundation.keys,
    )  # fmt: skip
    ledger = ErasureLedger(process.security.ledger_dir, process.clock)
    imports = ImportCopies(truth, store, keys, foundation.service_key)
    erasures = CustomerErasures(
        store, keys, ledger, process.clock, process.appended,
        before_key_is_destroyed=imports.before_key_is_destroyed,
    )  # fmt: skip
    await open_gate(ledger, store, foundation.key_lanes, erasures)
    grants = KeyGrants(foundation.key_lanes, process.master)
    consumers = read_consumers(process.settings.consumers_dir)
    return ApiParts(
        foundation=foundation,
        directory=DirectoryQueries(searches),
        ledger=ledger,
        erasures=erasures,
        grants=grants,
        copies=CopyHolders(holders_of(truth, views, process.clock, imports), grants, consumers),
        watcher=MarkWatcher(views, FOLLOWED, SERVICE.name),
        live_activity=latest_activity(
            process.kafka.unhurried(ACTIVITY_WAIT_MS), ACTIVITY, process.clock
        ),
        daily_activity=DailyActivity(views),
        daily_watcher=MarkWatcher(views, FOLLOWED_DAILY, SERVICE.name),
        consumers=consumers,
    )


async def _measure(erasures: ErasureWatcher, metrics: Metrics) -> None:
    metrics.set("daybook_erasure_age_seconds", erasures.oldest_seconds)
