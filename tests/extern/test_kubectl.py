"""Where kubectl is, Kustomize itself makes of our files what the tests of the manifests look at."""

import shutil
import subprocess

import pytest
import yaml

from tests.deploy.kustomized import KUBERNETES, OVERLAYS, comparable, rendered


@pytest.fixture
def kubectl() -> str:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is missing, and Debian's is too old to know components")
    return program


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_makes_the_same(kubectl: str, overlay: str) -> None:
    folder = KUBERNETES / "overlays" / overlay
    made = subprocess.run(  # noqa: S603 - the program that was asked for
        (kubectl, "kustomize", folder), capture_output=True, text=True, check=True
    )
    assert comparable(list(yaml.safe_load_all(made.stdout))) == comparable(rendered(folder))
