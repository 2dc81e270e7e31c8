"""The tape holds what it promises: our rule passes, careless readers fail at the named scenes."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.__main__ import daybook
from cli.local.paths import PROJECT
from cli.tape.__main__ import main
from cli.tape.grading import differences
from cli.tape.recorded import FOLDER, Recorded, files_of, read_tape
from cli.tape.replay import Reader
from cli.tape.scenes import LARGEST_EVENT_BYTES, every
from cli.tape.telling import SOURCE
from services.customers.storage.codec import CODEC
from shared.messaging.headers import HEADER_NAMES, fixed_headers
from shared.messaging.topics import CUSTOMERS
from tests.cli.tape.careless import EndlessReadingError, Impatient, Naive, lines_of
from tests.ground.headers import headers_of

TAPE = PROJECT / FOLDER
SCENES = read_tape(TAPE)
EXPECTED = {scene.name: scene.expected for scene in SCENES}
NAIVE_FAILS_AT = {
    "late-round-first",
    "gap",
    "emptied",
    "new-epoch",
    "other-source",
    "poison",
}


def ended(scene: Recorded) -> dict[str, object]:
    return Reader(SOURCE, CUSTOMERS.name).read(scene)


def test_the_tape_in_the_repository_is_what_the_code_makes() -> None:
    assert main(["--check"]) == 0


def test_two_makings_of_the_tape_are_equal() -> None:
    assert files_of(every()) == files_of(every())


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_our_own_rule_passes(scene: Recorded) -> None:
    assert differences({scene.name: scene.expected}, {scene.name: ended(scene)}) == []


def test_a_naive_reader_fails_at_the_named_scenes() -> None:
    shown = {scene.name: Naive(TAPE / scene.name).read() for scene in SCENES}
    failed = {told.partition(":")[0] for told in differences(EXPECTED, shown)}
    assert failed == NAIVE_FAILS_AT


def test_a_reader_that_goes_back_at_the_first_sight_of_a_gap_goes_back_for_ever() -> None:
    with pytest.raises(EndlessReadingError):
        Impatient(TAPE / "late-round-first").read()
    assert Impatient(TAPE / "duplicates").read() == {3: 6, 7: 2}


def test_the_difference_names_scene_and_field(tmp_path: Path) -> None:
    wrong = json.loads(json.dumps(EXPECTED))
    customer, row = next(iter(wrong["duplicates"]["customers"].items()))
    row["changes"] += 1
    del wrong["gap"]
    file = tmp_path / "end.json"
    file.write_text(json.dumps({"scenes": wrong}))
    answer = CliRunner().invoke(daybook, ["tape", "check", str(file)])
    assert answer.exit_code == 1
    assert f"duplicates: customers.{customer}.changes is 3; it should be 2" in answer.output
    assert "gap: there is no end state" in answer.output
    assert f"{len(SCENES) - 2} of {len(SCENES)} scenes passed" in answer.output


def test_a_consumer_that_ends_as_expected_passes(tmp_path: Path) -> None:
    file = tmp_path / "end.json"
    file.write_text(json.dumps({"scenes": EXPECTED}))
    answer = CliRunner().invoke(daybook, ["tape", "check", str(file)])
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("content", ["not JSON", "[]", '{"scenes": 3}', "{}"])
def test_a_file_that_is_no_end_state_is_refused_with_a_fix(content: str, tmp_path: Path) -> None:
    file = tmp_path / "end.json"
    file.write_text(content)
    answer = CliRunner().invoke(daybook, ["tape", "check", str(file)])
    assert answer.exit_code == 1
    assert "is no end state" in answer.output
    assert "Fix:" in answer.output


@pytest.mark.parametrize("shape", [None, [], "x", {"marks": 3}, {"marks": [{}]}])
def test_an_end_state_of_another_shape_is_a_difference_and_no_crash(shape: object) -> None:
    assert differences({"plain": EXPECTED["plain"]}, {"plain": shape})


def test_the_largest_event_is_as_large_as_the_store_takes() -> None:
    sizes = [
        len(base64.b64decode(line["value"])) for line in lines_of(TAPE / "large", "records.ndjson")
    ]
    assert max(sizes) == LARGEST_EVENT_BYTES


def test_a_record_on_the_tape_has_the_headers_that_our_relay_sends() -> None:
    sent = [name for name, _ in headers_of([b""] * len(HEADER_NAMES), 1, fixed_headers("x", 1))]
    optional = {"ce_causationid", "ce_origin", "traceparent"}
    first, *_ = lines_of(TAPE / "plain", "records.ndjson")
    assert list(first["headers"]) == [name for name in sent if name not in optional]


def test_every_event_on_the_tape_has_the_shape_of_the_contract() -> None:
    for scene in SCENES:
        for life in scene.lives:
            for record in life.records:
                event = CODEC.types.get(record.fact.type)
                if event is not None:
                    members = json.loads(record.fact.data)
                    members.pop("personal", None)
                    assert event.model_validate(members) is not None
