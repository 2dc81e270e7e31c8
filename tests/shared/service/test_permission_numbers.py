"""What is told of a replica: how old it is, how late changes came into force, what failed."""

from functools import partial
from math import inf

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.authorization.replica import SOURCE, Replica, Snapshot
from shared.authorization.world import World
from shared.messaging.heartbeats import Beat
from shared.observability.metrics import Metrics
from shared.service.deciding import ReplicaNumbers, what_is_known
from shared.testing.clock import TurnableClock
from tests.shared.authorization.test_replica import a_story, came


async def told(metrics: Metrics) -> dict[str, float]:
    body, _ = await metrics.exposition("text/plain")
    families = text_string_to_metric_families(body.decode())
    return {
        sample.name.removeprefix("daybook_permission"): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("daybook_permission") and "le" not in sample.labels
    }


async def test_a_replica_tells_its_age_how_late_it_was_and_what_failed() -> None:
    clock, metrics = TurnableClock(), Metrics("customers", "api", "1")
    replica = Replica(clock, partial(metrics.observe, "daybook_permission_applied_seconds"))
    metrics.found_out_by("permissions", ReplicaNumbers(replica, metrics).set)
    assert (await told(metrics))["s_age_seconds"] == inf

    replica.adopt(Snapshot(1, World()))
    events = [came(event) for event in a_story().events]
    replica.take(events[:1])
    assert "_applied_seconds_count" not in {n for n, v in (await told(metrics)).items() if v}

    replica.hear(Beat(SOURCE, 1, clock.now(), 1))
    clock.turn(3)
    late = (clock.now() - events[1].recorded_at).total_seconds()
    replica.take(events[1:])
    replica.world.troubles.note(ValueError())
    replica.hear(Beat(SOURCE, 1, clock.now().replace(year=2999), 1))
    seen = await told(metrics)
    assert seen["s_age_seconds"] == 3
    assert (seen["_applied_seconds_count"], seen["_applied_seconds_sum"]) == (1, late)
    assert (seen["_check_failures_total"], seen["_clock_faults_total"]) == (1, 1)
    assert (await told(metrics))["_check_failures_total"] == 1


@pytest.mark.parametrize(
    ("age", "refused", "state"),
    [
        (0.9, [], "ok"),
        (1.1, ["critical"], "ok"),
        (31, ["normal", "high", "critical"], "ok"),
        (301, ["low", "normal", "high", "critical"], "permissions are 301 s old, of 300 s at most"),
    ],
)
def test_a_process_says_what_it_refuses_because_its_permissions_are_old(
    age: float, refused: list[str], state: str
) -> None:
    clock = TurnableClock()
    replica = Replica(clock)
    assert what_is_known(replica).state == "no permissions are known"
    assert what_is_known(replica).age_seconds is None
    assert len(what_is_known(replica).refused) == 4
    replica.adopt(Snapshot(1, a_story().world))
    assert what_is_known(replica).state == "permissions are of unknown age, of 300 s at most"
    replica.hear(Beat(SOURCE, 1, clock.now(), replica.world.position))
    clock.turn(age)
    known = what_is_known(replica)
    assert (known.age_seconds, known.refused, known.state) == (age, refused, state)
