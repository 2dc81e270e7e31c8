"""Work is told with its age, and standing still is not fine."""

from shared.observability.work import STANDS_STILL_AFTER_SECONDS, Deeds, Work


def test_who_did_nothing_yet_says_so() -> None:
    assert Deeds("relay").seen(100) == Work("relay", None, None, "has done nothing yet")


def test_a_deed_is_fine_until_it_is_long_ago() -> None:
    deeds = Deeds("relay")
    deeds.did("looked", 100)
    assert deeds.seen(101.26) == Work("relay", "looked", 1.3, "ok")
    assert deeds.seen(100 + STANDS_STILL_AFTER_SECONDS).state == "ok"
    assert deeds.seen(120).state == "has done nothing for 20 s"


def test_a_failure_counts_until_a_success_whatever_else_goes_on() -> None:
    deeds = Deeds("relay")
    deeds.failed("KafkaError", 100)
    assert deeds.seen(102).state == "failed 2 s ago (KafkaError)"
    deeds.did("looked", 103)
    assert deeds.seen(103).state == "failed 3 s ago (KafkaError)"
    deeds.succeeded("acknowledged", 104)
    assert deeds.seen(104).state == "ok"


def test_a_failure_that_does_not_come_again_is_forgotten() -> None:
    deeds = Deeds("relay")
    deeds.failed("KafkaError", 100)
    deeds.did("looked", 116)
    assert deeds.seen(116).state == "ok"
