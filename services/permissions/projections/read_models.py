"""Every read model of the permissions service, by name."""

from collections.abc import Sequence
from typing import Final

from services.permissions.projections.customer_owners import NAME as CUSTOMER_OWNERS
from services.permissions.projections.erased_people import NAME as ERASED_PEOPLE
from services.permissions.projections.of_records import NAMES as OF_RECORDS

READ_MODELS: Final[Sequence[str]] = (CUSTOMER_OWNERS, ERASED_PEOPLE, *OF_RECORDS)
