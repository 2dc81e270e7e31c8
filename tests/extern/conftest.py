"""Every test here needs a program that is not ours, and fails where that is missing."""

from pathlib import Path

import pytest

from tests.journeys.living import living

__all__ = ["living"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that only those who ask for it need the programs."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.extern)
