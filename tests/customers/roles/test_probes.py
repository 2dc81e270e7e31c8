"""Each process of the service can be probed, in every role, and says what it did last."""

from pathlib import Path

import pytest

from shared.testing.waiting import until
from tests.customers.roles.probing import Probed, probed
from tests.ground.broker import Broker
from tests.ground.processes import service_env
from tests.ground.servers import Databases


@pytest.fixture
def env(databases: Databases, own_broker: Broker, tmp_path: Path) -> dict[str, str]:
    return service_env(databases, own_broker.settings, tmp_path / "secrets")


async def test_each_role_alone_is_ready_by_what_it_did_and_counts_it(
    env: dict[str, str],
) -> None:
    async with probed("relay", env) as relay, probed("projector", env) as projector:
        await until(relay.is_ready, what="a relay that is ready")
        await until(projector.is_ready, what="a projector that is ready")
        _, told = await relay.ready()
        assert told["role"] == "relay"
        topics = ("daybook.customers.v1", "daybook.access.v1")
        assert told["checks"] == {f"relay {topic}": "ok" for topic in topics}
        assert told["canary"] is None
        topic = 'topic="daybook.customers.v1"'
        assert await relay.number(f"daybook_relay_partitions_led{{{topic}}}") == 12
        async with probed("api", env) as api:
            await until(api.is_ready, what="an api that is ready")

            async def canary_arrived() -> bool:
                _, told = await api.ready()
                return told["canary"]["event_id"] is not None

            await until(canary_arrived, what="a canary")
            _, told = await api.ready()
            parts = ("append", "read models", "subject keys", "permissions")
            assert told["checks"] == dict.fromkeys(parts, "ok")
            assert ((await api.number("daybook_canary_trip_seconds")) or 0) > 0
            way = 'projection="",role="relay",state="live",topic="daybook.customers.v1"'
            assert await api.number(f"daybook_lag_seconds{{{way}}}") is not None
            assert ((await api.number("daybook_append_seconds_count")) or 0) >= 2
            assert ((await api.number('daybook_connections{server="truth"}')) or 0) >= 1
        sent = await relay.number(f"daybook_relay_events_total{{{topic}}}")
        applied = await projector.number('daybook_projection_events_total{projection="directory"}')
        assert sent is not None
        assert sent >= 2
        assert applied == sent


async def test_a_second_relay_stands_by_and_is_ready(env: dict[str, str]) -> None:
    async with probed("relay", env) as first:
        await until(first.is_ready, what="the first")
        async with probed("relay", env) as second:
            await until(second.is_ready, what="the second")
            _, told = await second.ready()
            assert {work["did"] for work in told["work"]} == {"stood by"}


async def test_without_kafka_relay_and_projector_are_not_ready_and_say_why(
    env: dict[str, str], own_broker: Broker
) -> None:
    async with probed("relay", env) as relay, probed("projector", env) as projector:
        for process in (relay, projector):
            await until(process.is_ready, what="that it is ready")
        own_broker.kill()
        for process in (relay, projector):

            async def is_not_ready(process: Probed = process) -> bool:
                return not await process.is_ready()

            await until(is_not_ready, what="that it is not ready without Kafka")
            _, told = await process.ready()
            assert any(word in str(told["checks"]) for word in ("failed", "has done nothing for"))
        own_broker.start()
        for process in (relay, projector):
            await until(process.is_ready, what="that it is ready again")


async def test_an_api_whose_disk_is_nearly_full_says_so_and_is_ready(
    env: dict[str, str], tmp_path: Path
) -> None:
    env["DAYBOOK_STORE_TRUTH_DATA_DIR"] = str(tmp_path)
    env["DAYBOOK_STORE_TRUTH_RESERVE_BYTES"] = str(2**60)
    async with probed("api", env) as api:

        async def is_nearly_full() -> bool:
            _, told = await api.ready()
            return bool(told["disk"]["state"] == "nearly full")

        await until(is_nearly_full, what="that the disk is nearly full")
        await until(api.is_ready, what="an api that is ready")
        assert await api.number('daybook_alarm{alarm="disk-nearly-full"}') == 1
        assert ((await api.number('daybook_disk_free_bytes{server="truth"}')) or 0) > 0
        assert "nearly full: writing stops" in api.process.output()


async def test_a_worker_whose_truth_has_no_room_waits_and_is_ready(
    env: dict[str, str], tmp_path: Path
) -> None:
    env["DAYBOOK_STORE_TRUTH_DATA_DIR"] = str(tmp_path)
    env["DAYBOOK_STORE_TRUTH_RESERVE_BYTES"] = str(2**60)
    async with probed("worker", env) as worker:

        async def waits_for_room() -> bool:
            status, told = await worker.ready()
            return status == 200 and told["work"][0]["did"] == "waited for room"

        await until(waits_for_room, what="a worker that waits for room")
        assert worker.process.output().count("imports wait") == 1


async def test_an_api_that_alone_is_alive_says_who_is_behind_and_is_ready(
    env: dict[str, str],
) -> None:
    env["DAYBOOK_SERVICE_DATED_AFTER_SECONDS"] = "0.001"
    env["DAYBOOK_SERVICE_LATE_AFTER_SECONDS"] = "0.001"
    async with probed("api", env) as api:

        async def kafka_is_late() -> bool:
            _, told = await api.ready()
            late = {each["way"] for each in told["behind"] if each["is_late"]}
            return "store → daybook.customers.v1" in late

        # The canary is stored, and nobody lives who would carry it.
        await until(kafka_is_late, 30, what="that Kafka is behind")
        await until(api.is_ready, 20, what="an api that is ready")
        assert await api.number('daybook_alarm{alarm="far-behind"}') == 1
        assert "changes are stored and become visible late" in api.process.output()


async def test_a_process_that_waits_for_its_servers_lives_and_is_not_ready(
    env: dict[str, str], tmp_path: Path
) -> None:
    for kind in ("TRUTH", "VIEWS", "KEYS"):
        env[f"DAYBOOK_STORE_{kind}_DSN"] = f"postgresql://customers_{{role}}@/x?host={tmp_path}"
    for role in ("api", "relay", "projector"):
        async with probed(role, env, until_started=False) as process:
            assert (await process.ask("/livez")).status_code == 200
            status, told = await process.ready()
            assert (status, set(told["checks"])) == (503, {"start"})
            process.process.terminate()
            assert await process.process.wait() == 0, process.process.output()
