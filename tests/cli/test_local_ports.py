"""A taken port is told before anything starts, with who holds it and ports that are free."""

import os
import re
import socket
from collections.abc import Iterator

import pytest

from cli.local.ports import Ports, is_free, refuse_taken_ports
from shared.errors import UnavailableError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this very process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_every_port_moves_with_the_base() -> None:
    ports = Ports(9000)
    assert ports.all == (9001, 9002, 9005, 9050, 9051, 9052, 9053, 9054, 9092, 9093)
    assert (ports.url("permissions"), ports.bootstrap) == (
        "http://127.0.0.1:9002",
        "127.0.0.1:9092",
    )


def test_a_taken_port_names_its_holder_and_ports_that_are_free(taken: int) -> None:
    with pytest.raises(UnavailableError) as refused:
        refuse_taken_ports(Ports(taken - 1))
    assert str(taken) in refused.value.detail
    assert f"(pid {os.getpid()})" in refused.value.detail
    advised = re.search(r"DAYBOOK_PORT_BASE=(\d+) make up", refused.value.fix or "")
    assert advised is not None
    assert all(map(is_free, Ports(int(advised[1])).all))


def test_a_port_is_free_again_when_its_holder_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)
