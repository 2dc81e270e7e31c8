"""The api role: what is asked and decided, and the reviews that go on by themselves."""

from services.permissions.api.app import permissions_api
from services.permissions.application.deciding import deciding_on
from services.permissions.application.review_numbers import ReviewNumbers
from services.permissions.application.reviewing import ReviewWork
from services.permissions.application.whole_log import WholeLog
from services.permissions.projections.usage_queries import UsageQueries
from services.permissions.roles.ways import ways_of
from shared.messaging.tail import TopicTail
from shared.service.foundation import lay_foundation
from shared.service.process import Process
from shared.service.telling import keep_operators_told
from shared.web.app import serve
from shared.web.serving import listen


async def add_api(process: Process) -> None:
    """Let the process serve the HTTP api."""
    foundation = await lay_foundation(process, WholeLog)
    # Nobody keeps a read model of permissions: each process that asks has all of them in memory,
    # so the way ends where those read.
    tail = TopicTail(process.kafka, process.service.topic, process.service.source)
    ways = await ways_of(process, foundation.views)
    told = await keep_operators_told(process, foundation, tail, ways.own, ways.elsewhere)
    deciding = deciding_on(foundation, UsageQueries(foundation.views).uses)
    numbers = ReviewNumbers(deciding, process.metrics)
    process.metrics.found_out_by("reviews", numbers.set)
    app = permissions_api(
        foundation, process.readiness, told, process.settings.public_url, deciding
    )
    listener = listen(process.settings.host, process.settings.port)
    process.runs += [
        tail.run,
        ReviewWork(deciding).run,
        lambda stop: serve(app, listener, stopping=stop),
    ]
