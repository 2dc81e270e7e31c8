"""An operator asks who reads our events, and who has fallen silent."""

import json

import pytest

from tests.cli.stand_in import Json, StandIn, daybook, lines_of

TOPIC = "daybook.customers.v1"


def billing(**topic: object) -> StandIn:
    """Return a stand-in where billing alone is registered."""
    stands: Json = {
        "topic": TOPIC,
        "reads": {"CustomerRenamed": ["personal.name"]},
        "state": "reading",
        "lag_events": 0,
        "last_seen": "2026-03-04T12:00:00Z",
        "age_seconds": 12.0,
        "running_versions": ["1.0"],
    }
    item = {
        "name": "billing",
        "about": "Invoices.",
        "owner": {"team": "Finance", "contact": "finance@daybook.example"},
        "version": "1.0",
        "topics": [stands | topic],
    }
    return StandIn(other={"/v1/consumers": {"items": [item]}})


def test_a_consumer_has_a_line_per_topic_with_its_owner() -> None:
    heading, line = lines_of(daybook(billing(lag_events=7), "consumers").stdout)
    assert heading.split() == [
        "CONSUMER", "OWNER", "CONTACT", "TOPIC", "VERSION", "STATE", "LAST", "SEEN", "BEHIND"
    ]  # fmt: skip
    owner = ["billing", "Finance", "finance@daybook.example"]
    assert line.split() == [*owner, TOPIC, "1.0", "reading", "12", "s", "ago", "7"]


@pytest.mark.parametrize(
    ("stands", "told"),
    [
        ({"state": "silent", "age_seconds": 7_300.0, "lag_events": 4}, "SILENT  2 h ago  up to 4"),
        ({"state": "partly-silent", "age_seconds": 61.0}, "PARTLY SILENT  1 min ago  up to 0"),
        ({"state": "never-seen", "age_seconds": None, "lag_events": None}, "NEVER SEEN  —  —"),
        ({"state": "ahead"}, "AHEAD OF US  12 s ago  —"),
        ({"state": "silent", "age_seconds": 200_000.0}, "SILENT  2 d ago  up to 0"),
    ],
)
def test_nobody_is_shown_better_than_they_are(stands: Json, told: str) -> None:
    _, line = lines_of(daybook(billing(**stands), "consumers").stdout)
    assert "  ".join(part.strip() for part in line.split("  ") if part.strip()).endswith(told)


def test_a_version_that_is_not_the_registered_one_is_told() -> None:
    answer = daybook(billing(running_versions=["0.9", "1.0"]), "consumers")
    assert "0.9, 1.0 (registered 1.0)" in answer.stdout


def test_consumers_are_there_for_programs_too() -> None:
    told = json.loads(daybook(billing(), "consumers", "--json").stdout)
    assert told["items"][0]["topics"][0]["reads"] == {"CustomerRenamed": ["personal.name"]}


def test_consumers_are_asked_for_as_the_operator() -> None:
    stand_in = billing()
    daybook(stand_in, "consumers")
    assert stand_in.asked[0].headers["Authorization"].endswith("-of-oscar")
