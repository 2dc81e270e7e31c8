"""Each test has a stage of its own."""

import pytest

from tests.shared.web.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
