"""The rewrap role: after the master key was replaced, every subject key is wrapped anew."""

from collections.abc import Callable

from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.master_key import MasterKeyFiles
from shared.security.rewrapping import rewrap
from shared.service.service import Service
from shared.settings import SecuritySettings, StoreSettings


async def rewrap_keys(
    service: Service,
    stores: StoreSettings,
    security: SecuritySettings,
    told: Callable[[int], None],
) -> int:
    """Wrap every subject key with the master key of now; return how many were wrapped anew.

    Everything may run meanwhile; killed, it goes on where it was when it is started again.

    Raises:
        DaybookError: the master key that wrapped a key is not here.
        UnavailableError: the key database does not answer.
    """
    lanes = Lanes(dsn_for(stores.keys_dsn, "api"), 1, application_name=f"{service.name}-rewrap")
    try:
        await lanes.open()
        return await rewrap(lanes, MasterKeyFiles(security.secrets_dir), told)
    finally:
        await lanes.close()
