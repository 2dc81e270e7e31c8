"""What stands on the screen was measured, and says where to go on."""

from pathlib import Path

import pytest

from cli.local.paths import PROJECT, Place
from cli.local.proof import Proof
from cli.local.readiness import Canary, Relay
from cli.local.summary import ready_text
from cli.local.tally import Tally, keep_tally, read_tally
from shared.authorization.people import DEMO_PEOPLE

PLACE = Place(var=PROJECT / "var")
CANARY = Canary(age_seconds=1, trip_ms=38.4, way="store → Kafka → read model")

OTHER = Proof(Canary(age_seconds=1, trip_ms=9.2, way="store → Kafka → readers"), None, None)


def text_of(proof: Proof) -> str:
    return ready_text(PLACE, {"customers": proof, "permissions": OTHER}, DEMO_PEOPLE, seconds=6.24)


def test_a_first_start_shows_the_proof_the_addresses_the_people_and_three_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(PROJECT)
    text = text_of(Proof(CANARY, Relay(), lost_events=None))
    assert "Daybook is ready, after 6.2 s." in text
    assert "a canary event went store → Kafka → read model in 38 ms" in text
    assert "permissions: a canary event went store → Kafka → readers in 9 ms" in text
    assert "http://127.0.0.1:8101" in text
    assert "http://127.0.0.1:8102" in text
    assert "alice, leo, wang" in text
    assert text.count("  .venv/bin/daybook ") == 3
    assert "lost" not in text


def test_a_later_start_says_what_was_lost_and_what_the_broker_got_again() -> None:
    proof = Proof(CANARY, Relay(refilled_events=1505, refill_seconds=0.21), lost_events=0)
    assert "0 events lost, broker refilled with 1,505 events in 0.2 s" in text_of(proof)


def test_a_loss_is_not_said_in_passing() -> None:
    assert "7 events lost: write nothing before you know why" in text_of(Proof(CANARY, None, 7))


def test_the_accounts_of_services_are_not_offered_to_people() -> None:
    people = text_of(Proof(CANARY, None, None)).split("Who you can be")[1].split("Try")[0]
    assert "billing" in people
    assert "customers" not in people
    assert "permissions" not in people


def test_events_that_were_known_and_are_gone_are_counted_as_lost() -> None:
    assert Tally(epoch=1, events=10).lost_until(Tally(epoch=1, events=7)) == 3
    assert Tally(epoch=1, events=10).lost_until(Tally(epoch=1, events=12)) == 0


def test_a_restore_begins_another_life_and_is_no_loss() -> None:
    assert Tally(epoch=1, events=10).lost_until(Tally(epoch=2, events=7)) == 0


def test_the_tally_keeps_the_most_that_was_ever_known_of_one_life(tmp_path: Path) -> None:
    path = tmp_path / "tally.json"
    assert read_tally(path) is None
    for tally in (Tally(epoch=1, events=10), Tally(epoch=1, events=4)):
        keep_tally(path, tally)
    assert read_tally(path) == Tally(epoch=1, events=10)
    keep_tally(path, Tally(epoch=2, events=3))
    assert read_tally(path) == Tally(epoch=2, events=3)
