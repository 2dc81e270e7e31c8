"""Files as spreadsheets, exports and telephones write them are read as they are meant."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.customers.application.importing.columns import guessed
from services.customers.application.importing.csv_file import CsvFile
from services.customers.application.importing.lines import Lines
from services.customers.application.importing.reading import Asked, FileReading
from services.customers.application.importing.rows import LONGEST_ROW, RowProblem
from services.customers.application.importing.sealing import Marks

DEMO = Path(__file__).parents[3] / "cli" / "local" / "demo"
CARDS = """BEGIN:VCARD\r
VERSION:3.0\r
FN:Ada Lovelace\r
ORG:Engines\\, Inc.\r
TEL;TYPE=CELL,VOICE:+49 30 12\r
 34567\r
item1.EMAIL;TYPE=INTERNET;TYPE=WORK:ada@x.example\r
ADR;TYPE=HOME:;;Street 1;Berlin;;10115;Germany\r
NOTE:a\\nb\r
BDAY:1815-12-10\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:4.0\r
KIND:org\r
FN:Engines\r
TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+49-30-7654321\r
END:VCARD\r
stray\r
BEGIN:VCARD\r
FN:Never ends\r
"""


def pieces(content: bytes, size: int = 7) -> Iterator[bytes]:
    """Yield a file in small pieces, cut anywhere."""
    return (content[at : at + size] for at in range(0, len(content), size))


def reading(content: str | bytes, asked: Asked) -> FileReading:
    """Read a file; the first piece decides how, so it is larger than the others."""
    raw = content.encode() if isinstance(content, str) else content
    return FileReading(asked, iter([raw[:80], *pieces(raw[80:])]), Marks(b"secret"))


def bodies(content: str | bytes, asked: Asked) -> list[dict[str, object] | RowProblem]:
    """Return what each row would have us register, or its problem."""
    rows = reading(content, asked).next_batch(10_000)
    return [row.given if isinstance(row.given, RowProblem) else row.entry.body for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_files_are_read_whatever_their_encoding(encoding: str) -> None:
    text = "姓名,手机,公司,城市\n王伟,13800138000,海望科技,上海\n李娜,13900139000,海望,北京\n"
    (first, _) = reading(text.encode(encoding), Asked("csv", country="CN")).next_batch(9)
    assert first.entry.body == {
        "kind": "person", "name": "王伟",
        "phones": [{"number": "13800138000", "type": "mobile", "country": "CN"}],
        "addresses": [{"city": "上海"}],
    }  # fmt: skip


def test_german_columns_semicolons_and_old_encodings_are_understood() -> None:
    header = "Vorname;Nachname;E-Mail-Adresse;Straße;PLZ;Ort;Land\n"
    text = f"{header}Jörg;Müller;j@x.example;Weg 1;10115;Köln;Deutschland\n"
    (body,) = bodies(text.encode("cp1252"), Asked("csv"))
    assert isinstance(body, Mapping)
    assert body["name"] == "Jörg Müller"
    assert body["addresses"] == [
        {"street": "Weg 1", "postal_code": "10115", "city": "Köln", "country": "Deutschland"}
    ]


def test_columns_without_a_known_name_are_known_by_their_cells() -> None:
    rows = [{"Wer": "Ada", "Wo": "ada@x.example", "Wie": "+49 30 123456", "id": "7"}]
    found = guessed(list(rows[0]), rows).fields
    assert found == {"Wo": "email", "Wie": "phone", "id": "key"}


def test_a_line_that_is_no_csv_costs_itself_and_no_other() -> None:
    text = 'name,note\nAda,"two\nlines"\nLi,"open\nBo,x\nCy,"q"x\n' + "D" * LONGEST_ROW + "\nEd,\n"
    rows = list(CsvFile(Lines(iter([text.encode()]))))
    told = [
        (row.line, row.problem.problem[:14] if row.problem else row.cells["name"]) for row in rows
    ]
    assert told == [
        (2, "Ada"), (4, "A quote is ope"), (5, "Bo"), (6, "The quotes of "),
        (7, "The row is lon"), (8, "Ed"),
    ]  # fmt: skip


def test_a_row_in_another_encoding_than_its_file_is_refused_alone() -> None:
    content = b"name,note\n" + "Ada,é\n".encode() * 20 + b"Jos\xe9,\nLi,\n"
    found = bodies(content, Asked("csv"))
    assert [place for place, body in enumerate(found) if isinstance(body, RowProblem)] == [20]


def test_cards_are_read_with_everything_that_is_on_them() -> None:
    found = reading(CARDS, Asked("vcard")).next_batch(9)
    ada, engines, stray, open_one = (row.entry for row in found)
    assert ada.body == {
        "kind": "person", "name": "Ada Lovelace",
        "emails": [{"address": "ada@x.example", "type": "work"}],
        "phones": [{"number": "+49 30 1234567", "type": "mobile"}],
        "addresses": [{"street": "Street 1", "city": "Berlin", "postal_code": "10115",
                       "country": "Germany", "type": "home"}],
    }  # fmt: skip
    assert ada.note == "a\nb"
    assert ada.kept == [("organisation", "Engines, Inc."), ("bday", "1815-12-10")]
    assert (engines.body["kind"], engines.body["phones"][0]["number"]) == (
        "organisation", "+49-30-7654321",
    )  # fmt: skip
    assert [bool(stray.problem), bool(open_one.problem)] == [True, True]


def test_lines_of_json_say_it_as_a_request_does() -> None:
    text = (
        '{"kind":"person","name":"Ada","emails":["a@x.example"],"tags":["a;b"],"stage":"active",'
        '"version":3,"id":"0198a000-0000-7000-8000-000000000001"}\n\n[1]\nnull x\n{"name":"Li"}\n'
    )
    ada, *others = reading(text, Asked("ndjson")).next_batch(9)
    assert ada.entry.id == "0198a000-0000-7000-8000-000000000001"
    assert ada.entry.body == {
        "kind": "person", "name": "Ada", "emails": ["a@x.example"], "tags": ["a;b"],
        "stage": "active",
    }  # fmt: skip
    assert [isinstance(row.given, RowProblem) for row in others] == [True, True, False]


def test_every_row_of_the_real_files_is_taken() -> None:
    for name, preset, count in (
        ("sp500-constituents.csv", "sp500", 503),
        ("febrl1.csv", "febrl", 1000),
    ):
        rows = reading((DEMO / name).read_bytes(), Asked("csv", preset=preset)).next_batch(2000)
        assert len(rows) == count
        assert [row for row in rows if isinstance(row.given, RowProblem)] == []
    names = {row.entry.body["name"] for row in rows}
    assert {"Waller", "Lachlan Berry", "Alexa-Rose Lowe"} <= names
