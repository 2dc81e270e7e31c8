"""The port for operators tells how a process is, and nothing else is served there."""

import httpx
import pytest

from shared.observability.metrics import Metrics
from shared.observability.work import Work
from shared.web.health import Readiness
from shared.web.operations import Operations
from shared.web.serving import listen, listen_on_first_free

HOST = "127.0.0.1"


class Probed:
    """A process that says of itself what the test wants."""

    def __init__(self) -> None:
        self.state = "ok"
        self.metrics = Metrics("notes", "relay", "1")
        app = Operations(self.metrics, self._readiness)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://operators"
        )

    async def _readiness(self) -> Readiness:
        work = Work("relay", "looked", 0.1, self.state)
        return Readiness.of("relay", {"relay": self.state}, work=[work])


@pytest.fixture
def probed() -> Probed:
    return Probed()


async def test_a_process_tells_that_it_lives_and_is_ready(probed: Probed) -> None:
    assert (await probed.client.get("/livez")).json() == {"status": "ok"}
    answer = await probed.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["work"] == [
        {"part": "relay", "did": "looked", "age_seconds": 0.1, "state": "ok"}
    ]
    probed.state = "has done nothing for 20 s"
    answer = await probed.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not-ready")


async def test_the_numbers_are_told_in_the_form_that_is_asked_for(probed: Probed) -> None:
    plain = await probed.client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain")
    assert 'daybook_build_info{role="relay",service="notes",version="1"} 1.0' in plain.text
    assert plain.headers["cache-control"] == "no-store"
    open_metrics = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await probed.client.get("/metrics", headers=open_metrics)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")


async def test_nothing_else_is_there_and_nothing_can_be_changed(probed: Probed) -> None:
    assert (await probed.client.get("/v1/customers")).status_code == 404
    assert (await probed.client.post("/metrics")).status_code == 405
    assert (await probed.client.head("/livez")).status_code == 200


def test_several_processes_on_one_machine_take_one_port_each() -> None:
    first = listen(HOST, 0)
    port = first.getsockname()[1]
    with first, listen_on_first_free(HOST, port, 8) as second:
        assert port < second.getsockname()[1] < port + 8
        with listen_on_first_free(HOST, port, 8) as third:
            assert third.getsockname()[1] > second.getsockname()[1]
    with listen_on_first_free(HOST, 0, 8) as anywhere:
        assert anywhere.getsockname()[1] > 0
