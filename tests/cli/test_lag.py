"""An operator asks who is behind, by how much, and who holds everything up."""

import json

from tests.cli.stand_in import Json, StandIn, daybook, lines_of

TOPIC = "daybook.customers.v1"


def a_lag(**more: object) -> StandIn:
    """Return a stand-in with one partition that flows and one that is behind."""
    relay = {"topic": TOPIC, "stored": 120, "on_kafka": 120, "behind": 0, "seconds": 0.0}
    lag: Json = {
        "service": "customers",
        "epoch": 1,
        "horizon": {"lag_ms": 0, "blocking_pid": None},
        "relay": [
            {**relay, "partition": 0},
            {**relay, "partition": 1, "on_kafka": 110, "behind": 10, "seconds": 2.5},
        ],
        "projections": [
            {
                "name": "directory",
                "partitions": [{"partition": 0, "applied": 117, "behind": 3, "seconds": 0.04}],
            }
        ],
        "canary": {"age_seconds": 3.2, "trip_ms": 38, "event_id": "e"},
    }
    return StandIn(other={"/v1/lag": {**lag, **more}})


def test_every_way_has_a_line_and_the_last_one_sums_up() -> None:
    heading, relay, directory, total, *_ = lines_of(daybook(a_lag(), "lag").stdout)
    assert heading.split() == ["WAY", "PARTITION", "REACHED", "BEHIND", "SECONDS"]
    assert relay.split() == ["store", "→", TOPIC, "all", "2", "230", "10", "2.5"]
    assert directory.split() == ["Kafka", "→", "directory", "all", "1", "117", "3", "0.0"]
    assert total.split() == ["total", "13", "2.5"]


def test_every_partition_has_a_line_if_it_is_asked_for() -> None:
    result = daybook(a_lag(), "lag", "--partitions")
    heading, first, second, third, total, *_ = lines_of(result.stdout)
    assert heading.split() == ["WAY", "PARTITION", "REACHED", "BEHIND", "SECONDS"]
    assert first.split() == ["store", "→", TOPIC, "0", "120", "0", "0.0"]
    assert second.split() == ["store", "→", TOPIC, "1", "110", "10", "2.5"]
    assert third.split() == ["Kafka", "→", "directory", "0", "117", "3", "0.0"]
    assert total.split() == ["total", "13", "2.5"]


def test_the_canary_proves_that_the_way_is_open() -> None:
    assert "Canary: store → Kafka → read model in 38 ms, 3 s ago." in daybook(a_lag(), "lag").stdout
    assert "none has made the whole trip" in daybook(a_lag(canary=None), "lag").stdout


def test_another_service_is_asked_at_its_own_address() -> None:
    asked, environ = a_lag(), {"DAYBOOK_PORT_BASE": "9000"}
    assert daybook(asked, "lag", "--service", "permissions", environ=environ).exit_code == 0
    assert asked.asked[-1].url.port == 9002


def test_a_transaction_that_holds_everybody_up_is_named() -> None:
    assert "no transaction holds it back" in daybook(a_lag(), "lag").stdout
    held = a_lag(horizon={"lag_ms": 5200, "blocking_pid": 4711})
    assert "5200 ms behind, held back by PostgreSQL process 4711" in daybook(held, "lag").stdout


def test_lag_is_there_for_programs_too() -> None:
    told = json.loads(daybook(a_lag(), "lag", "--json").stdout)
    assert told["canary"]["event_id"] == "e"
    assert sum(way["behind"] for way in told["relay"]) == 10


def test_what_was_not_counted_to_its_end_is_told_as_at_least_so_many() -> None:
    many = {"topic": TOPIC, "partition": 0, "stored": 10_500, "on_kafka": 500, "behind": 10_000}
    dead = a_lag(relay=[{**many, "is_at_least": True, "seconds": 4000.0}], projections=[])
    _, row, total, *_ = lines_of(daybook(dead, "lag").stdout)
    assert "at least 10000" in row
    assert "at least 10000" in total


def test_lag_is_asked_for_as_the_operator() -> None:
    stand_in = a_lag()
    daybook(stand_in, "lag")
    assert stand_in.asked[0].headers["Authorization"].endswith("-of-oscar")
