"""Every test here needs Apache Kafka in build/kafka, and fails where it is missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ground.three_nodes import ThreeNodes, three_nodes_running

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that only those who ask for it need Java and Maven."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.kafka_lane)


@pytest.fixture
def three_nodes() -> Iterator[ThreeNodes]:
    """Return a cluster of three nodes that is the test's own."""
    with three_nodes_running() as its:
        yield its
