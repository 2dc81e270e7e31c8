"""The prepare role: a superuser makes the three databases and their roles, once and ever again."""

import asyncio

from shared.postgres.bootstrap import prepare_database
from shared.postgres.dsn import ROLES, dsn_for, password_of, with_password
from shared.service.service import Service
from shared.settings import AdminSettings, StoreSettings


async def prepare_databases(service: Service) -> None:
    """Make what is missing, and give each role the password that its processes will have.

    Safe to repeat: after the password files changed it is how the servers come to know.
    """
    admin, stores = AdminSettings(), StoreSettings()
    await asyncio.gather(
        _prepare(service, admin.truth_dsn, stores.truth_dsn, holds_events=True),
        _prepare(service, admin.views_dsn, stores.views_dsn),
        _prepare(service, admin.keys_dsn, stores.keys_dsn),
    )


async def _prepare(
    service: Service, admin_dsn: str, template: str, *, holds_events: bool = False
) -> None:
    given = {role: password_of(dsn_for(template, role)) for role in ("migrate", *ROLES)}
    await prepare_database(
        with_password(admin_dsn),
        service.name,
        holds_events=holds_events,
        passwords={role: password for role, password in given.items() if password is not None},
    )
