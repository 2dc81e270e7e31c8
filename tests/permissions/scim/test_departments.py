"""A department's words become one path, whoever writes them."""

import pytest

from services.permissions.api.scim.departments import department_path
from services.permissions.domain.subject.life import DEPARTMENT


@pytest.mark.parametrize(
    ("called", "path"),
    [
        (None, None),
        ("  ", None),
        ("Sales", "sales"),
        ("Sales / EMEA", "sales/emea"),
        ("Research & Development", "research-development"),
        ("/sales//emea/", "sales/emea"),
        ("x/" * 30, "/".join("x" * 10)),
    ],
)
def test_a_department_becomes_a_path(called: str | None, path: str | None) -> None:
    assert department_path(called) == path


def test_names_in_any_script_become_paths_of_their_own() -> None:
    names = ["销售部", "销售 部", "Продажи", "&&&", "a" * 41, "a" * 42, "Ä" * 90, "Ä" * 91, "a"]
    paths = [department_path(name) for name in names]
    assert len(set(paths)) == len(names)
    assert all(path and DEPARTMENT.fullmatch(path) for path in paths)
