"""What the customers service is: its name, what it writes, and what follows it."""

from dataclasses import replace
from typing import Final

from services.customers import VERSION
from services.customers.projections.activity_daily import NAME as ACTIVITY_DAILY
from services.customers.projections.directory import NAME as DIRECTORY
from services.customers.storage.codec import CODEC
from shared.messaging.topics import CUSTOMERS
from shared.service.service import Service

SERVICE: Final = Service(
    "customers",
    VERSION,
    CUSTOMERS,
    CODEC,
    read_models=(DIRECTORY, ACTIVITY_DAILY),
    truth_migrations=("services.customers.storage.truth.migrations",),
    views_migrations=("services.customers.storage.migrations",),
)
FOLLOWED = SERVICE.followed(DIRECTORY)
FOLLOWED_DAILY = replace(FOLLOWED, projection=ACTIVITY_DAILY)
