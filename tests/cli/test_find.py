"""Finding a customer by what one remembers."""

import json

from tests.cli.stand_in import StandIn, customer_id, daybook, lines_of


def test_a_customer_is_found_with_an_id_to_copy() -> None:
    stand_in = StandIn()
    stand_in.have("Ada Lovelace", "Grace Hopper")
    result = daybook(stand_in, "find", "ada")
    heading, row = lines_of(result.stdout)
    assert heading.split() == ["ID", "KIND", "VERSION", "NAME", "E-MAILS", "WHY"]
    assert row.split("  ")[0] == customer_id(1)
    assert "Ada Lovelace" in row


def test_columns_stand_under_each_other_also_with_chinese_names() -> None:
    stand_in = StandIn()
    stand_in.have("王小明", "Ada")
    stand_in.customers[customer_id(1)][0]["emails"] = [{"id": "e", "address": "wang@example.org"}]
    stand_in.customers[customer_id(2)][0]["emails"] = [{"id": "e", "address": "ada@example.org"}]
    _, wang, ada = lines_of(daybook(stand_in, "find", "").stdout)
    # Each of the three characters is two cells wide.
    assert wang.index("wang@") + 3 == ada.index("ada@")


def test_all_pages_are_read_and_the_limit_ends_it() -> None:
    stand_in = StandIn()
    stand_in.have(*(f"Ada {n}" for n in range(250)))
    result = daybook(stand_in, "find", "ada", "--limit", "220")
    assert len(lines_of(result.stdout)) == 1 + 220
    assert [r.query_params["page_size"] for r in stand_in.asked] == ["100", "100", "20"]
    assert "There are more" in result.stderr


def test_nobody_found_is_said_and_is_no_error() -> None:
    result = daybook(StandIn(), "find", "ada")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nobody found.\n")


def test_json_is_what_the_service_said_also_what_we_do_not_know_yet() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    stand_in.customers[customer_id(1)][0]["segment"] = "gold"
    (found,) = json.loads(daybook(stand_in, "find", "ada", "--json").stdout)["items"]
    assert found["segment"] == "gold"
    assert "erased" not in found


def test_an_erased_customer_has_no_name_and_says_why() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    stand_in.customers[customer_id(1)][0].update(name=None, erased=True)
    assert "(erased)" in daybook(stand_in, "find", "").stdout


def test_one_asks_as_the_person_one_says_to_be() -> None:
    stand_in = StandIn()
    daybook(stand_in, "find", "ada", "--as", "dave")
    assert stand_in.asked[0].headers["Authorization"] == "Bearer token-1-of-dave"


def test_a_list_that_is_behind_says_as_of_when_it_is() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    assert daybook(stand_in, "find", "ada").stderr == ""
    stand_in.headers["Daybook-Data-As-Of"] = "2026-03-04T11:30:00+00:00"
    said = daybook(stand_in, "find", "ada").stderr
    assert "Data as of 2026-03-04 11:30:00.000 UTC: changes since then are stored" in said
    told = json.loads(daybook(stand_in, "find", "ada", "--json").stdout)
    assert told["data_as_of"] == "2026-03-04T11:30:00Z"


def test_filters_are_asked_for_as_the_service_names_them() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    words = "find --stage lead --tag a --tag b --country DE --field size=big --sort -name"
    assert len(lines_of(daybook(stand_in, *words.split()).stdout)) == 2
    asked = stand_in.asked[0].query_params
    assert sorted(asked.multi_items()) == [
        ("country", "DE"), ("custom.size", "big"), ("page_size", "100"), ("sort", "-name"),
        ("stage", "lead"), ("tag", "a"), ("tag", "b"),
    ]  # fmt: skip
    refused = daybook(stand_in, "find", "--field", "size")
    assert "write NAME=VALUE" in refused.stderr


def test_each_hit_says_why_it_was_found() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    matched = [{"field": "name", "how": "beginning"}]
    stand_in.customers[customer_id(1)][0]["matched"] = matched
    assert lines_of(daybook(stand_in, "find", "ad").stdout)[1].endswith("name: beginning")
