"""What the permissions service is: its name, what it writes, and what it keeps of others."""

from typing import Final

from services.permissions import VERSION
from services.permissions.projections.customer_owners import NAME as CUSTOMER_OWNERS
from services.permissions.projections.erased_people import NAME as ERASED_PEOPLE
from services.permissions.projections.read_models import READ_MODELS
from services.permissions.storage.codec import CODEC
from shared.messaging.headers import source_of
from shared.messaging.topics import CUSTOMERS, HEARTBEATS, PERMISSIONS
from shared.projecting.marks import Followed
from shared.service.service import Service

SERVICE: Final = Service(
    "permissions",
    VERSION,
    PERMISSIONS,
    CODEC,
    beats=HEARTBEATS,
    read_models=READ_MODELS,
    views_migrations=("services.permissions.storage.migrations",),
)
FOLLOWED_CUSTOMERS: Final = Followed(
    CUSTOMER_OWNERS, source_of("customers"), CUSTOMERS.name, CUSTOMERS.partitions
)
FOLLOWED_PEOPLE: Final = SERVICE.followed(ERASED_PEOPLE)
