"""Who asks the directory, for tests that are about what is found."""

from typing import Final

from services.customers.projections.reach import Reach
from shared.authorization.permissions import Permission
from tests.ground.rights import open_decisions

ALL_OF_IT: Final = Reach(open_decisions().rights("carol"), Permission.CUSTOMERS_READ)
"""Somebody who may see every customer and all of it."""
