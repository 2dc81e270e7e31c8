"""Uses are a hint: where they cannot be read, everything else goes on without."""

import logging
from collections.abc import Awaitable, Callable

from services.permissions.domain.usage import NOT_KNOWN, Uses
from shared.errors import UnavailableError

log = logging.getLogger(__name__)

ReadUses = Callable[[], Awaitable[Uses]]


async def nothing_read() -> Uses:
    """Return that nothing is known."""
    return NOT_KNOWN


async def as_far_as_known(read: ReadUses) -> Uses:
    """Return what is known of uses; nothing, if whoever knows does not answer."""
    try:
        return await read()
    except UnavailableError as error:
        log.warning("nobody knows what rights were used for", extra={"problem": error.detail})
        return NOT_KNOWN
