"""How far the read models are behind: those of own events, and those of another service's."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from services.permissions.projections.of_records import KINDS, SOURCES, followed_of
from services.permissions.roles.service import FOLLOWED_CUSTOMERS, FOLLOWED_PEOPLE, SERVICE
from shared.postgres.lanes import Lanes
from shared.projecting.elsewhere import SeenMarks, SourceLag, WayElsewhere
from shared.security.service_tokens import FILE, ServiceTokens
from shared.service.process import Process

ANSWER_WITHIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Ways:
    """The marks of read models of own events, and the ways of the others."""

    own: Sequence[SeenMarks]
    elsewhere: Sequence[WayElsewhere]


async def ways_of(process: Process, views: Lanes) -> Ways:
    """Return them for every read model; the other service is asked as this one's account."""
    http = await process.opened.enter_async_context(
        httpx.AsyncClient(timeout=ANSWER_WITHIN_SECONDS, trust_env=False)
    )
    tokens = ServiceTokens(
        process.security.issuer,
        process.service.name,
        process.security.secrets_dir / FILE,
        http,
        process.clock,
    )
    url = process.settings.customers_url
    source = SourceLag(http, url, tokens.token, tokens.forget, process.clock)
    every = [FOLLOWED_CUSTOMERS, FOLLOWED_PEOPLE]
    every += [followed_of(kind, one) for kind in KINDS for one in SOURCES]
    seen = [SeenMarks(views, followed) for followed in every]
    return Ways(
        [one for one in seen if one.followed.source == SERVICE.source],
        [
            WayElsewhere(source, one, process.clock)
            for one in seen
            if one.followed.source != SERVICE.source
        ],
    )
