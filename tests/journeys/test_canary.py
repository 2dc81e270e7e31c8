"""While Kafka is away people go on working, and operators see red with age and hop."""

import re

import httpx

from shared.messaging.heartbeats import BEAT_SECONDS
from tests.journeys.living import Json, Living, eventually


def test_without_kafka_writes_go_on_and_the_status_is_red_with_age_and_hop(living: Living) -> None:
    def canary() -> Json:
        answer = httpx.get(f"{living.url}/readyz", timeout=60)
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()["canary"]
        return told

    def alarm() -> bool:
        text = httpx.get(f"{living.ports.operators_url('customers')}/metrics", timeout=60).text
        return 'daybook_alarm{alarm="canary-old"} 1.0' in text

    def rights_age() -> float:
        text = httpx.get(f"{living.ports.operators_url('customers')}/metrics", timeout=60).text
        age = re.search(r"^daybook_permissions_age_seconds (\S+)$", text, re.MULTILINE)
        assert age is not None
        return float(age[1])

    eventually(lambda: not canary()["is_old"], "a fresh canary")
    before = living.whole.pids()
    with living.hanging("broker"), living.person("alice") as alice:
        eventually(lambda: canary()["is_old"], "that the canary is old")
        body = {"kind": "person", "name": "Written Meanwhile"}
        assert alice.post("/v1/customers", json=body).status_code == 201
        assert canary()["stands_at"] == "store → Kafka"
        assert (
            httpx.get(f"{living.ports.operators_url('customers')}/readyz", timeout=60).status_code
            == 200
        )
        status = living.whole.run("status")
        assert status.returncode == 1
        assert "s ago; that is too long ago: one stands at store → Kafka" in status.stdout
        assert alarm()
        log = (living.place.logs / "customers.log").read_text()
        assert '"level":"CRITICAL"' in log
        assert "no canary arrives any more" in log

    eventually(lambda: living.whole.run("status").returncode == 0, "that all is well again")
    assert not alarm()
    assert living.whole.pids() == before, "nobody ends because the broker hung"
    eventually(lambda: rights_age() < 4 * BEAT_SECONDS, "that permissions are followed again")
    log = (living.place.logs / "customers.log").read_text()
    assert "canaries arrive again" in log
