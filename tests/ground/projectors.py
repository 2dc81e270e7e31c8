"""A projector that keeps all versions of a house's directory, as the service's role has it."""

from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.projections.directory import SHAPE, Directory
from services.customers.storage.codec import CODEC
from shared.projecting.discards import read_discards
from shared.projecting.parts import ProjectionParts
from shared.projecting.projector import Projector
from shared.projecting.store_feed import READ_ONLY, StoreFeed
from shared.security.cipher_cache import CipherCache
from shared.security.subject_keys import SubjectKeys
from tests.ground.house import House


async def new_projector(house: House, directory: Directory | None = None) -> Projector:
    """Return one more projector of the directory, not running."""
    stores = house.databases
    views = await house.lanes(stores.views_dsn, "projector", 2)
    truth = await house.lanes(stores.truth_dsn, "projector", 2, READ_ONLY)
    keys = SubjectKeys(await house.lanes(stores.keys_dsn, "projector", 1), house.master)
    return Projector(
        ProjectionParts(
            projection=directory or Directory(),
            followed=house.followed,
            codec=CODEC,
            ciphers=CipherCache(keys, house.clock),
            feed=StoreFeed(truth, house.followed),
            views=views,
            open_views=lambda its: house.lanes(stores.views_dsn, "projector", 2, its),
            discarded=lambda: read_discards(truth, DIRECTORY),
            kafka=house.kafka,
            clock=house.clock,
            tracing=house.tracing,
            shape=SHAPE,
        )
    )
