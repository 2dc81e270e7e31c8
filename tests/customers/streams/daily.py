"""A projector of a house's daily figures, and what they must be."""

from datetime import date

from services.customers.projections.activity_daily import CODEC, NAME, ActivityDaily
from services.customers.projections.activity_queries import DayCount
from shared.projecting.discards import read_discards
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.store_feed import READ_ONLY, StoreFeed
from shared.security.cipher_cache import CipherCache
from tests.ground.house import House

STORED = """select (recorded_at at time zone 'utc')::date as day, type, count(*) from events
    where type <> 'CanarySent' group by 1, 2 order by 1, 2"""
FIGURES = "select day, event_type, count from activity_daily order by 1, 2"


async def new_daily_projector(house: House) -> Projector:
    """Return one more projector of the daily figures, not running."""
    stores = house.databases
    views = await house.lanes(stores.views_dsn, "projector", 2)
    truth = await house.lanes(stores.truth_dsn, "projector", 2, READ_ONLY)
    return Projector(
        ProjectionParts(
            projection=ActivityDaily(),
            followed=house.followed_daily,
            codec=CODEC,
            ciphers=CipherCache(house.keys, house.clock),
            feed=StoreFeed(truth, house.followed_daily),
            views=views,
            open_views=lambda its: house.lanes(stores.views_dsn, "projector", 2, its),
            discarded=lambda: read_discards(truth, NAME),
            kafka=house.kafka,
            clock=house.clock,
            tracing=house.tracing,
        )
    )


async def stored(house: House) -> list[DayCount]:
    """Return what the store says, day by day."""
    return [DayCount(*row) for row in await house.ask("truth", STORED)]


async def figures(house: House) -> list[DayCount]:
    """Return the daily figures."""
    return [DayCount(*row) for row in await house.ask("views", FIGURES)]


def total(counts: list[DayCount]) -> int:
    """Return how many events there were."""
    return sum(count.count for count in counts)


def of_day(day: date, counts: list[DayCount]) -> dict[str, int]:
    """Return one day's figures by type."""
    return {count.event_type: count.count for count in counts if count.day == day}
