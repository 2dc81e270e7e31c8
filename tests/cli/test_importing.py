"""What a person reads of an import, at its end and when it does not get there."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from cli.client import TRIES
from cli.commands.importing import progress_bar
from cli.imports import Import
from tests.cli.stand_in import Json, StandIn, daybook, lines_of, problem

ID = "0198a000-0000-7000-8000-000000000001"


def told(state: str = "done", **changed: Any) -> Json:  # noqa: ANN401 - what JSON can say
    """Return an import as the service tells it."""
    counts = {"created": 2, "changed": 0, "unchanged": 0, "refused": 0, "kept": 0}
    return {
        "id": ID, "state": state, "dry_run": False, "undoes": None, "undone_by": None,
        "actor": "a", "made_at": "2026-11-22T10:00:00+00:00", "bytes": 9, "bytes_read": 9,
        "rows": 2, "problem": None, "file": {}, **changed,
        "counts": {**counts, **changed.get("counts", {})},
    }  # fmt: skip


def a_stand_in(its: Json) -> StandIn:
    """Return a service that takes a file and then tells this of it."""
    return StandIn(
        other={
            "/v1/imports": told("waiting"),
            f"/v1/imports/{ID}": its,
            f"/v1/imports/{ID}/errors": {},
            f"/v1/imports/{ID}/undo": told("waiting", undoes=ID),
        }
    )


def a_file(folder: Path) -> str:
    """Write a file of customers."""
    path = folder / "customers.csv"
    path.write_text("name\nAda\nLi\n", encoding="utf-8")
    return str(path)


def test_the_command_reports_in_one_line(tmp_path: Path) -> None:
    result = daybook(a_stand_in(told()), "import", a_file(tmp_path))
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "2 rows: 2 registered, 0 changed, 0 already there, 0 errors, in "
    )


def test_the_file_goes_as_it_is_and_its_name_tells_nobody_anything(tmp_path: Path) -> None:
    stand_in = a_stand_in(told())
    daybook(stand_in, "import", a_file(tmp_path), "--map", "Firma=name", "--dry-run")
    (asked,) = stand_in.asked_for("/v1/imports")
    assert asked.headers["content-type"] == "text/csv"
    assert asked.query_params["map"] == '{"Firma": "name"}'
    assert asked.query_params["dry_run"] == "true"
    assert "customers" not in asked.query_params["source"]


def test_refused_rows_make_the_command_fail_and_say_how_to_go_on(tmp_path: Path) -> None:
    stand_in = a_stand_in(told(counts={"created": 1, "refused": 1}))
    result = daybook(stand_in, "import", a_file(tmp_path))
    assert result.exit_code == 1
    assert "1 of 2 rows" in result.stderr
    assert lines_of(result.stderr)[-1].endswith("customers.csv.errors.csv`")
    errors = tmp_path / "customers.csv.errors.csv"
    assert errors.stat().st_mode & 0o777 == 0o600
    daybook(a_stand_in(told()), "import", a_file(tmp_path))
    assert not errors.exists()


def test_refused_rows_that_cannot_be_written_are_told_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / "customers.csv.errors.csv").mkdir()
    stand_in = a_stand_in(told(counts={"created": 1, "refused": 1}))
    result = daybook(stand_in, "import", a_file(tmp_path))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert "Fix: name a file in a folder of yours" in result.stderr


def test_a_file_that_is_none_of_customers_is_told_in_the_service_s_words(tmp_path: Path) -> None:
    wrong = {"field": "map", "problem": "No column is known as a name.", "fix": "map one"}
    result = daybook(a_stand_in(told("failed", problem=wrong)), "import", a_file(tmp_path))
    assert result.exit_code == 1
    assert lines_of(result.stderr) == [
        "Error: No column is known as a name. (field: map)", "Fix: map one"
    ]  # fmt: skip


def test_a_file_that_is_not_there_is_refused_without_a_traceback(tmp_path: Path) -> None:
    result = daybook(a_stand_in(told()), "import", str(tmp_path / "nobody.csv"))
    assert "No such file" in result.stderr
    assert "Fix: " in result.stderr


def test_an_import_survives_a_service_that_is_away_for_a_moment(tmp_path: Path) -> None:
    stand_in = a_stand_in(told())
    stand_in.first_answers.append(problem(503, "unavailable", "Not now.", retry_after=0))
    stand_in.first_answers.append(httpx.ReadError("the answer was lost"))
    assert daybook(stand_in, "import", a_file(tmp_path)).exit_code == 0


def test_an_import_goes_on_without_the_command_that_handed_it_in(tmp_path: Path) -> None:
    stand_in = a_stand_in(told())
    stand_in.first_answers.append(JSONResponse(told("waiting"), 202))
    stand_in.first_answers.extend(httpx.ReadError("nobody is there") for _ in range(TRIES))
    result = daybook(stand_in, "import", a_file(tmp_path))
    assert result.exit_code == 1
    assert "it is imported without this command" in result.stderr
    assert "`daybook imports list`" in result.stderr


def test_an_import_that_waits_says_why_once_and_that_it_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wait = {"field": None, "problem": "It waits: rights are old.", "fix": "It goes on by itself"}
    with progress_bar() as on_progress:
        for its in (
            told("running"), told("running", problem=wait), told("running", problem=wait),
            told("waiting", problem=wait), told("running"), told("done"),
        ):  # fmt: skip
            on_progress(Import.model_validate(its))
    assert lines_of(capsys.readouterr().err) == [
        "It waits: rights are old. It goes on by itself.", "It goes on.",
    ]  # fmt: skip


def test_why_an_import_failed_is_told_as_its_error_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = {"field": "map", "problem": "No column is known as a name.", "fix": "map one"}
    with progress_bar() as on_progress:
        on_progress(Import.model_validate(told("failed", problem=wrong)))
    assert capsys.readouterr().err == ""


def test_an_import_whose_customers_will_be_visible_late_says_so(tmp_path: Path) -> None:
    stand_in = a_stand_in(told())
    assert "late" not in daybook(stand_in, "import", a_file(tmp_path)).stderr
    stand_in.headers["Daybook-Warning"] = 'visible-late; as-of="2026-03-04T11:30:00+00:00"'
    result = daybook(stand_in, "import", a_file(tmp_path))
    assert result.exit_code == 0
    assert "They are stored, and lists will show them late" in result.stderr


def test_undoing_says_what_went_and_lists_what_is_left(tmp_path: Path) -> None:
    counts = {"withdrawn": 3, "restored": 1, "unchanged": 0, "left": 2}
    stand_in = a_stand_in(told(undoes=ID, counts=counts))
    left = tmp_path / "left.csv"
    result = daybook(stand_in, "imports", "undo", ID, "--left", str(left))
    assert result.stdout.splitlines()[0] == "3 withdrawn, 1 as before, 0 were so already, 2 left"
    assert left.exists()


def test_the_latest_imports_are_listed() -> None:
    stand_in = a_stand_in(told())
    stand_in.other["/v1/imports"] = {"items": [told()], "next_page_token": None}
    assert "2 created" in daybook(stand_in, "imports", "list").stdout


def test_an_export_is_written_whole_for_its_owner_alone(tmp_path: Path) -> None:
    stand_in = StandIn(other={"/v1/exported-customers": {"a": 1}})
    file = tmp_path / "customers.ndjson"
    result = daybook(stand_in, "customers", "export", str(file), "--stage", "active")
    assert result.exit_code == 0, result.stderr
    assert file.read_text() == '{"a":1}'
    assert file.stat().st_mode & 0o777 == 0o600
    (asked,) = stand_in.asked_for("/v1/exported-customers")
    assert asked.headers["accept"] == "application/x-ndjson"
    assert dict(asked.query_params) == {"stage": "active", "archived": "false"}
    assert list(tmp_path.iterdir()) == [file]
