"""A soak stands on the ground of the fault tests."""

from tests.faults.conftest import ground, own_ground

__all__ = ["ground", "own_ground"]
