"""The migrate role: the three databases of the service come to the newest version."""

from services.customers.roles.process import SERVICE
from shared.postgres.dsn import dsn_for
from shared.postgres.migrating import migrate
from shared.settings import StoreSettings


def migrate_databases() -> None:
    """Bring every database to the newest version; several processes may do so at once."""
    stores = StoreSettings()
    owner = f"{SERVICE}_owner"
    truth_dsn = dsn_for(stores.truth_dsn, "migrate")
    migrate(truth_dsn, "shared.eventstore.migrations", owner)
    migrate(truth_dsn, "services.customers.storage.truth.migrations", owner)
    migrate(dsn_for(stores.keys_dsn, "migrate"), "shared.security.migrations", owner)
    views = dsn_for(stores.views_dsn, "migrate")
    migrate(views, "shared.projecting.migrations", owner)
    migrate(views, "services.customers.storage.migrations", owner)
