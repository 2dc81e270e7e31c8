"""Reading a file of customers: no row is lost, and what cannot be read is named by its line."""

from pathlib import Path

import pytest

from cli.commands.rows import read_file
from shared.errors import InvalidInputError


def written(folder: Path, content: bytes) -> Path:
    """Write a file as it may come out of a spreadsheet."""
    path = folder / "customers.csv"
    path.write_bytes(content)
    return path


def refused(path: Path) -> str:
    """Return why the file is refused; a refusal always says what to do."""
    with pytest.raises(InvalidInputError) as told:
        read_file(path, None)
    assert told.value.fix
    return str(told.value)


def test_a_spreadsheet_s_own_marks_and_line_ends_are_no_part_of_the_first_name(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, b"\xef\xbb\xbfkind, name ,email\r\nperson, Ada ,\r\n\r\nperson,Li\r\n")
    rows = read_file(path, None).rows
    assert [(row.name, row.line, row.number) for row in rows] == [("Ada", 2, 1), ("Li", 4, 2)]


def test_a_name_over_two_lines_counts_from_the_line_where_it_starts(tmp_path: Path) -> None:
    path = written(tmp_path, b'kind,name\nperson,"Ada\nLovelace"\nperson,Li\n')
    assert [row.line for row in read_file(path, None).rows] == [2, 4]


def test_a_file_without_the_columns_is_refused_with_the_first_line_it_should_have(
    tmp_path: Path,
) -> None:
    assert "has no column kind, name" in refused(written(tmp_path, b"id,title\n1,Ada\n"))
    assert "has no column kind, name" in refused(written(tmp_path, b""))


def test_a_column_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    assert "has the column name twice" in refused(written(tmp_path, b"kind,name,name\n"))


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    content = "kind,name\nperson,Ada\nperson,José\n".encode("latin-1")
    assert "not UTF-8 text at line 3" in refused(written(tmp_path, content))


def test_a_quote_that_never_ends_is_refused_with_the_line_where_it_starts(tmp_path: Path) -> None:
    content = b'kind,name\nperson,Ada\nperson,"Li\nperson,Bo\n'
    assert "not CSV from line 3 on" in refused(written(tmp_path, content))


def test_a_file_that_is_not_there_is_refused_without_a_traceback(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nobody.csv")
    assert "Is a directory" in refused(tmp_path)


def test_the_key_changes_with_the_file_the_place_and_the_content(tmp_path: Path) -> None:
    first, second = read_file(written(tmp_path, b"kind,name\nperson,Ada\nperson,Ada\n"), None).rows
    keys = {first.idempotency_key("d"), second.idempotency_key("d"), first.idempotency_key("e")}
    assert len(keys) == 3
    (again, _) = read_file(written(tmp_path, b"kind,name\nperson,Ada\nperson,Ada\n"), None).rows
    assert again.idempotency_key("d") == first.idempotency_key("d")
