"""These services run on one machine; each has its databases on the three servers."""

from collections.abc import Sequence
from typing import Final

from services.customers.roles.service import SERVICE as CUSTOMERS
from services.permissions.roles.service import SERVICE as PERMISSIONS
from shared.service.service import Service

SERVICES: Final[Sequence[Service]] = (CUSTOMERS, PERMISSIONS)


def service_named(name: str) -> Service:
    """Return the service of that name, which must be one of them."""
    return next(service for service in SERVICES if service.name == name)
