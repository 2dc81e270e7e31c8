"""Every test here is a journey, and all of them may use the Daybook that lives for the run."""

from pathlib import Path

import pytest

from tests.journeys.living import living

__all__ = ["living"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, so that `make check` leaves it out."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.journey)
