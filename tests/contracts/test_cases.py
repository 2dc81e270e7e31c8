"""What is promised of permissions is shown by tests that are there and run."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from cli.local.paths import PROJECT

PAGE = (PROJECT / "docs" / "guides" / "permission-cases.md").read_text()
GROUPS = 30
TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
SKIPPED = re.compile(r"\b(skip|skipif|xfail)\b")


def chapters() -> list[tuple[int, str]]:
    found = re.split(r"^## (\d+)\. ", PAGE, flags=re.MULTILINE)[1:]
    return [(int(number), text) for number, text in zip(found[::2], found[1::2], strict=True)]


@cache
def marks_by_name(file: Path) -> dict[str, str]:
    """Return the marks of each test of a file, by its name with its class."""
    text = file.read_text()
    body = ast.parse(text).body
    its = [(one, "") for one in body]
    its += [(one, f"{c.name}::") for c in body if isinstance(c, ast.ClassDef) for one in c.body]
    return {
        f"{where}{one.name}": " ".join(ast.unparse(mark) for mark in one.decorator_list)
        for one, where in its
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_each_of_the_thirty_groups_is_a_sentence_with_tests() -> None:
    assert [number for number, _ in chapters()] == list(range(1, GROUPS + 1))
    for number, text in chapters():
        assert len(text.splitlines()[0].split()) > 5, number
        assert TEST.findall(text), number


@pytest.mark.parametrize(("number", "text"), chapters())
def test_every_test_that_is_named_is_there_and_runs(number: int, text: str) -> None:
    assert text.count(".py::") == len(TEST.findall(text)), number
    for file, name in TEST.findall(text):
        its = marks_by_name(PROJECT / file)
        assert name in its, f"{file}::{name}"
        assert name.rpartition("::")[2].startswith("test_")
        assert not SKIPPED.search(its[name]), name
