"""Looking at one customer: now, as it was, how it came to be, and how far its last change got."""

import json

from tests.cli.stand_in import ALICE, Json, StandIn, customer_id, daybook, lines_of

ADA = customer_id(1)


def ada_travels(**stops: object) -> StandIn:
    """Return a stand-in where Ada's third change is on its way."""
    journey: Json = {
        "customer_id": ADA,
        "version": 3,
        "event_id": "e-3",
        "partition": 5,
        "feed_position": 120,
        "stored": {"at": "2026-08-22T10:00:00.123456Z", "state": "arrived"},
        "kafka": {"state": "arrived", "at": "2026-08-22T10:00:00.131Z", "milliseconds": 8},
        "read_models": [{"name": "directory", "state": "waiting", "at": None}],
    }
    return StandIn(other={f"/v1/customers/{ADA}/journey": {**journey, **stops}})


def strip_of(stand_in: StandIn) -> str:
    """Return the strip that `journey` shows."""
    return lines_of(daybook(stand_in, "customers", "journey", ADA).stdout)[0]


def test_a_customer_is_shown_with_e_mails_and_their_ids() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    stand_in.customers[ADA][0]["emails"] = [{"id": "e1", "address": "ada@example.org"}]
    assert lines_of(daybook(stand_in, "customers", "show", ADA).stdout) == [
        "Ada",
        f"  person, version 1, id {ADA}",
        "  ada@example.org  (e-mail e1)",
    ]


def test_a_whole_customer_is_shown_line_by_line() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    stand_in.customers[ADA][0] |= {
        "emails": [{"id": "e1", "address": "ada@example.org", "type": "work"}],
        "primary_email": "e1",
        "phones": [{"id": "p1", "given": "030 123456", "number": "+4930123456", "type": None}],
        "addresses": [{"id": "a1", "street": "Am Markt 2\nHinterhaus", "city": "Jena"}],
        "tags": ["fair", "VIP"],
        "stage": "active",
        "owner": ALICE,
        "custom": {"seats": "12", "vip": True, "days": ["Mon", "Tue"]},
        "archived": True,
        "links": [
            {"id": "l1", "organisation_id": "o1", "role": "head", "since": "2026-01-01",
             "until": None}
        ],
    }  # fmt: skip
    assert lines_of(daybook(stand_in, "customers", "show", ADA).stdout)[2:] == [
        "  archived, active, looked after by alice",
        "  ada@example.org  (work e-mail e1, primary)",
        "  030 123456  (phone p1)",
        "  Am Markt 2 Hinterhaus, Jena  (address a1)",
        "  tags: fair, VIP",
        "  seats: 12",
        "  vip: yes",
        "  days: Mon, Tue",
        "  head of o1, 2026-01-01 to now  (link l1)",
    ]


def test_a_customer_is_shown_as_it_was_at_a_version() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    stand_in.customers[ADA].append({**stand_in.customers[ADA][0], "name": "Countess", "version": 2})
    assert daybook(stand_in, "customers", "show", ADA).stdout.startswith("Countess\n")
    earlier = daybook(stand_in, "customers", "show", ADA, "--version", "1", "--json")
    assert json.loads(earlier.stdout)["name"] == "Ada"


def test_a_time_without_a_zone_is_utc() -> None:
    stand_in = StandIn()
    stand_in.have("Ada")
    for written in ("2026-08-22T10:00", "2026-08-22T12:00:00+02:00"):
        daybook(stand_in, "customers", "show", ADA, "--as-of", written)
    asked = [request.query_params["as_of"] for request in stand_in.asked]
    assert asked == ["2026-08-22T10:00:00+00:00", "2026-08-22T12:00:00+02:00"]


def test_a_time_that_is_none_is_refused_with_an_example() -> None:
    result = daybook(StandIn(), "customers", "show", ADA, "--as-of", "yesterday")
    assert result.exit_code == 2
    assert "Fix: write it as 2026-08-22T10:00:00" in result.stderr


def test_an_id_that_is_none_is_refused_with_where_to_find_one() -> None:
    result = daybook(StandIn(), "customers", "history", "Ada")
    assert result.exit_code == 2
    assert "Fix: daybook find TEXT" in result.stderr


def test_the_history_tells_who_changed_what_from_what_to_what() -> None:
    changed = {"recorded_at": "2026-08-22T10:00:00.123456Z", "actor": ALICE}
    items: list[Json] = [
        {
            "version": 1,
            "type": "CustomerRegistered",
            **changed,
            "changes": [{"field": "name", "before": None, "after": "Ada"}],
        },
        {
            "version": 2,
            "type": "CustomerRenamed",
            **changed,
            "actor": "0198-somebody",
            "changes": [
                {"field": "name", "before": "Ada", "after": "Countess"},
                {"field": "emails", "before": None, "after": {"id": "e1", "address": "a@b.org"}},
            ],
        },
    ]
    stand_in = StandIn(other={f"/v1/customers/{ADA}/history": {"items": items}})
    assert lines_of(daybook(stand_in, "customers", "history", ADA).stdout) == [
        "v1  2026-08-22 10:00:00.123 UTC  CustomerRegistered  by alice",
        "    name: — → Ada",
        "v2  2026-08-22 10:00:00.123 UTC  CustomerRenamed  by 0198-somebody",
        "    name: Ada → Countess",
        "    emails: — → a@b.org",
    ]


def test_the_history_of_an_erased_customer_tells_what_happened_and_no_values() -> None:
    item: Json = {
        "version": 1,
        "type": "CustomerRegistered",
        "recorded_at": "2026-08-22T10:00:00Z",
        "actor": ALICE,
        "changes": [{"field": "emails", "before": None, "after": {"id": "e1", "address": None}}],
        "erased": True,
    }
    stand_in = StandIn(other={f"/v1/customers/{ADA}/history": {"items": [item]}})
    _, email, erased = lines_of(daybook(stand_in, "customers", "history", ADA).stdout)
    assert (email, erased) == ("    emails: — → (erased)", "    (erased)")


def test_the_journey_strip_has_a_stop_with_its_milliseconds_and_one_that_waits() -> None:
    shown = lines_of(daybook(ada_travels(), "customers", "journey", ADA).stdout)
    assert shown == [
        "stored ● 2026-08-22 10:00:00.123 UTC ── Kafka ● 8 ms ── "
        "directory ○ waits for the projector",
        "version 3, event e-3, partition 5, feed position 120",
    ]


def test_before_kafka_everything_behind_it_waits_for_kafka() -> None:
    stand_in = ada_travels(kafka={"state": "waiting"}, feed_position=None)
    assert "Kafka ○ waits for the relay ── directory ○ waits for Kafka" in strip_of(stand_in)


def test_history_and_journey_are_there_for_programs_too() -> None:
    stand_in = ada_travels()
    stand_in.other[f"/v1/customers/{ADA}/history"] = {"items": []}
    journey = daybook(stand_in, "customers", "journey", ADA, "--version", "3", "--json")
    assert json.loads(journey.stdout)["kafka"]["milliseconds"] == 8
    assert stand_in.asked[0].query_params["version"] == "3"
    history = daybook(stand_in, "customers", "history", ADA, "--json")
    assert json.loads(history.stdout) == {"items": []}


def test_of_an_old_change_only_the_arrival_is_known() -> None:
    there = {"state": "arrived", "at": None, "milliseconds": None}
    stand_in = ada_travels(
        stored={"state": "arrived"}, kafka=there, read_models=[{"name": "directory", **there}]
    )
    assert strip_of(stand_in) == "stored ● ── Kafka ● arrived ── directory ● arrived"
