"""The first way of each permission in two bytes, so that a check waits little for memory.

What a check of somebody with ten grants costs more than one of somebody with a single grant is
memory that is in none of the processor's caches. Two bytes answer most checks: how far and how
secret the first way goes that needs nothing else to be looked at, and which grant gives it.
"""

from itertools import product
from typing import Final

from shared.authorization.allowances import Allowance, Allowances
from shared.authorization.state import ALL, RESTRICTED

TO_BE_JUDGED: Final = 0
"""No way is plain enough; the permission is judged in full."""
NO_GIVER: Final = 255
"""The second byte of what no grant gives, or one that a byte cannot count to."""
REACHES: Final = ((-1, -1), *product(range(ALL + 1), range(RESTRICTED + 1)))
"""First byte → scope and clearance; of TO_BE_JUDGED less than any."""
_BYTES: Final = {reach: byte for byte, reach in enumerate(REACHES)}


def first_of(ways: Allowances) -> Allowance:
    """Return the first way by which nothing else has to be looked at, else the first of all."""
    first = ways[0]
    if first.more is None:
        return first
    return next((way for way in ways if way.more is None), first)


def byte_of(way: Allowance) -> int:
    """Return the first byte of a way."""
    return _BYTES[way.scope, way.clearance] if way.more is None else TO_BE_JUDGED
