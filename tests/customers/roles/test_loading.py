"""A process loads what its role needs: whatever is loaded in vain, every start waits for."""

import json
import subprocess
import sys

import pytest

from cli.local.paths import PROJECT

IS_LOADED = "import json, sys; import {}; print(json.dumps(sorted(sys.modules)))"
WEB = {"fastapi", "joserfc"}
MIGRATIONS = {"sqlalchemy", "alembic"}


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("services.customers.roles.streams", WEB | MIGRATIONS | {"httpx"}),
        ("services.customers.roles.projector", WEB | MIGRATIONS | {"httpx", "faust"}),
        ("services.customers.roles.worker", WEB | MIGRATIONS | {"faust"}),
        ("shared.service.relay", WEB | MIGRATIONS | {"httpx", "faust"}),
        ("services.customers.roles.api", MIGRATIONS | {"faust"}),
    ],
)
def test_a_role_loads_nothing_that_only_others_need(module: str, unneeded: set[str]) -> None:
    program = (sys.executable, "-c", IS_LOADED.format(module))
    told = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603
    assert not unneeded & set(json.loads(told.stdout))
