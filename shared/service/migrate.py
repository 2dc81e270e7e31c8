"""The migrate role: the three databases of a service come to the newest version."""

from typing import Final

from shared.postgres.dsn import dsn_for
from shared.postgres.migrating import migrate
from shared.service.service import Service
from shared.settings import StoreSettings

VIEWS: Final = ("shared.projecting.migrations", "shared.authorization.migrations")
"""What every service has in its views database."""


def migrate_databases(service: Service) -> None:
    """Bring every database to the newest version; several processes may do so at once."""
    stores = StoreSettings()
    every = (
        (stores.truth_dsn, ("shared.eventstore.migrations", *service.truth_migrations)),
        (stores.keys_dsn, ("shared.security.migrations",)),
        (stores.views_dsn, (*VIEWS, *service.views_migrations)),
    )
    for template, packages in every:
        for package in packages:
            migrate(dsn_for(template, "migrate"), package, service.owner)
