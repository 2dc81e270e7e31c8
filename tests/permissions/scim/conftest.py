"""Each test has a service of its own."""

import pytest

from tests.permissions.scim.asking import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
