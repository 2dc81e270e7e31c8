"""Importing a file: completely, once, and with every refused row handed back to be mended."""

import csv
from pathlib import Path

import httpx
import pytest

from cli.commands.importing import ImportReport, ImportStoppedError, import_file
from cli.commands.rows import Preset
from tests.cli.stand_in import StandIn, a_client, customer_id, daybook, lines_of, problem

DEMO = Path(__file__).resolve().parents[2] / "cli" / "local" / "demo"


async def imported(stand_in: StandIn, path: Path, preset: Preset | None = None) -> ImportReport:
    """Import the file as alice."""
    async with a_client(stand_in) as client:
        return await import_file(client, path, preset, on_progress=lambda _done, _rows: None)


def a_file(folder: Path, *lines: str, header: str = "kind,name,email") -> Path:
    """Write a file of customers."""
    path = folder / "customers.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def names_in(stand_in: StandIn) -> list[str]:
    """Return the names of everybody registered."""
    return [versions[0]["name"] for versions in stand_in.customers.values()]


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    """Return rows, registered, already there, errors."""
    return report.rows, report.registered, report.already_there, report.errors


async def test_every_row_becomes_a_customer_and_an_e_mail_is_optional(tmp_path: Path) -> None:
    stand_in = StandIn()
    path = a_file(tmp_path, "person,Ada,ada@example.org", 'organisation,"Babbage, Sons"')
    assert numbers(await imported(stand_in, path)) == (2, 2, 0, 0)
    ada, sons = (versions[0] for versions in stand_in.customers.values())
    assert (ada["kind"], ada["emails"][0]["address"]) == ("person", "ada@example.org")
    assert (sons["kind"], sons["name"], sons["emails"]) == ("organisation", "Babbage, Sons", [])


async def test_a_file_imported_twice_registers_nobody_twice(tmp_path: Path) -> None:
    stand_in = StandIn()
    path = a_file(tmp_path, "person,Ada", "person,Grace")
    await imported(stand_in, path)
    assert numbers(await imported(stand_in, path)) == (2, 0, 2, 0)
    assert names_in(stand_in) == ["Ada", "Grace"]


async def test_two_rows_that_say_the_same_are_two_customers(tmp_path: Path) -> None:
    stand_in = StandIn()
    await imported(stand_in, a_file(tmp_path, "person,Ada", "person,Ada"))
    assert names_in(stand_in) == ["Ada", "Ada"]


async def test_the_same_row_of_another_file_is_another_customer(tmp_path: Path) -> None:
    stand_in = StandIn()
    await imported(stand_in, a_file(tmp_path, "person,Ada"))
    await imported(stand_in, a_file(tmp_path, "person,Ada", "person,Grace"))
    assert names_in(stand_in) == ["Ada", "Ada", "Grace"]


async def test_the_key_of_a_row_shows_nothing_of_the_person(tmp_path: Path) -> None:
    stand_in = StandIn()
    await imported(stand_in, a_file(tmp_path, "person,Ada,ada@example.org"))
    (key,) = stand_in.answers_by_key
    assert len(key) == 32
    assert "ada" not in key.lower()


async def test_a_service_that_is_away_for_a_moment_costs_no_row(tmp_path: Path) -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(problem(503, "unavailable", "Not now.", retry_after=1))
    stand_in.first_answers.append(httpx.ReadError("the answer was lost"))
    path = a_file(tmp_path, *(f"person,Ada {n}" for n in range(40)))
    assert numbers(await imported(stand_in, path)) == (40, 40, 0, 0)


async def test_a_service_that_stays_away_stops_the_import_and_a_second_one_goes_on(
    tmp_path: Path,
) -> None:
    stand_in = StandIn()
    path = a_file(tmp_path, *(f"person,Ada {n}" for n in range(20)))
    await imported(stand_in, path)
    stand_in.first_answers.extend(httpx.ConnectError("refused") for _ in range(64))
    with pytest.raises(ImportStoppedError, match="after 0 of 20 rows") as told:
        await imported(stand_in, path)
    assert told.value.fix
    stand_in.first_answers.clear()
    assert numbers(await imported(stand_in, path)) == (20, 0, 20, 0)


async def test_who_may_not_register_is_told_once_and_not_for_every_row(tmp_path: Path) -> None:
    stand_in = StandIn()
    refused = problem(403, "not-permitted", "Dave may not register.", fix="Ask bob.")
    stand_in.first_answers.extend([refused] * 8)
    path = a_file(tmp_path, *(f"person,Ada {n}" for n in range(100)))
    with pytest.raises(ImportStoppedError, match="Dave may not register") as told:
        await imported(stand_in, path)
    assert told.value.fix == "Ask bob."
    assert len(stand_in.asked) <= 8


async def test_a_refused_row_comes_back_with_its_line_field_problem_and_fix(
    tmp_path: Path,
) -> None:
    lines = ("person,Ada", "robot,R2", "person,", "person,Lovelace, Ada,a@b.org", "person,Grace")
    path = a_file(tmp_path, *lines)
    report = await imported(StandIn(), path)
    assert numbers(report) == (5, 2, 0, 3)
    assert report.errors_file == tmp_path / "customers.csv.errors.csv"
    with report.errors_file.open(newline="", encoding="utf-8") as file:
        robot, nameless, surplus = csv.DictReader(file)
    assert (robot["kind"], robot["name"], robot["line"]) == ("robot", "R2", "3")
    assert (robot["field"], robot["fix"]) == ("kind", "Write person.")
    assert (nameless["line"], nameless["problem"]) == ("4", "The row has no name.")
    assert (surplus["line"], surplus["surplus cells"]) == ("5", "a@b.org")
    assert report.errors_file.stat().st_mode & 0o077 == 0


async def test_the_errors_file_can_be_mended_and_imported(tmp_path: Path) -> None:
    stand_in = StandIn()
    report = await imported(stand_in, a_file(tmp_path, "person,Ada", "robot,R2"))
    assert report.errors_file is not None
    mended = report.errors_file.read_text(encoding="utf-8").replace("robot", "person")
    report.errors_file.write_text(mended, encoding="utf-8")
    assert numbers(await imported(stand_in, report.errors_file)) == (1, 1, 0, 0)
    assert names_in(stand_in) == ["Ada", "R2"]


async def test_the_errors_of_an_earlier_run_do_not_outlive_it(tmp_path: Path) -> None:
    stand_in = StandIn()
    stand_in.first_answers.append(problem(422, "invalid-input", "No.", field="name"))
    path = a_file(tmp_path, "person,Ada")
    first = await imported(stand_in, path)
    assert first.errors_file is not None
    second = await imported(stand_in, path)
    assert (second.errors_file, first.errors_file.exists()) == (None, False)


async def test_progress_is_told_after_every_row_also_a_refused_one(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = a_file(tmp_path, "person,Ada", "person,", "person,Grace")
    async with a_client(StandIn()) as client:
        await import_file(client, path, None, on_progress=lambda *step: told.append(step))
    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_not_more_than_eight_registrations_are_under_way_at_once(tmp_path: Path) -> None:
    stand_in = StandIn()
    path = a_file(tmp_path, *(f"person,Ada {n}" for n in range(50)))
    await imported(stand_in, path)
    assert stand_in.most_at_once == 8


async def test_the_real_organisations_are_all_registered() -> None:
    stand_in = StandIn()
    report = await imported(stand_in, DEMO / "sp500-constituents.csv", "sp500")
    assert numbers(report) == (503, 503, 0, 0)
    assert "A. O. Smith" in names_in(stand_in)
    assert {versions[0]["kind"] for versions in stand_in.customers.values()} == {"organisation"}


async def test_the_real_persons_are_all_registered_also_with_half_a_name() -> None:
    stand_in = StandIn()
    report = await imported(stand_in, DEMO / "febrl1.csv", "febrl")
    assert numbers(report) == (1000, 1000, 0, 0)
    assert {"Waller", "Lachlan Berry", "Alexa-Rose Lowe"} <= set(names_in(stand_in))


def test_the_command_reports_in_one_line(tmp_path: Path) -> None:
    result = daybook(StandIn(), "import", str(a_file(tmp_path, "person,Ada")))
    assert result.exit_code == 0
    assert result.stdout.startswith("1 rows: 1 registered, 0 already there, 0 errors, in ")


def test_refused_rows_make_the_command_fail_and_say_how_to_go_on(tmp_path: Path) -> None:
    stand_in = StandIn()
    result = daybook(stand_in, "import", str(a_file(tmp_path, "person,Ada", "robot,R2")))
    assert result.exit_code == 1
    assert customer_id(1) in stand_in.customers
    assert "1 of 2 rows registered nobody" in result.stderr
    assert lines_of(result.stderr)[-1].endswith("customers.csv.errors.csv`")


def test_a_file_in_a_folder_that_one_may_not_write_to_is_imported_when_it_is_right(
    tmp_path: Path,
) -> None:
    path = a_file(tmp_path, "person,Ada", "robot,R2")
    (tmp_path / "customers.csv.errors.csv").mkdir()
    result = daybook(StandIn(), "import", str(path))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert "Fix: copy the file" in result.stderr


def test_an_import_whose_customers_will_be_visible_late_says_so(tmp_path: Path) -> None:
    stand_in = StandIn()
    assert "late" not in daybook(stand_in, "import", str(a_file(tmp_path, "person,Ada"))).stderr
    stand_in.headers["Daybook-Warning"] = 'visible-late; as-of="2026-03-04T11:30:00+00:00"'
    result = daybook(stand_in, "import", str(a_file(tmp_path, "person,Grace")))
    assert result.exit_code == 0
    assert "They are stored, and lists will show them late" in result.stderr
