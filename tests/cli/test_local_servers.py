"""PostgreSQL, broker and services are started with exactly the settings that are safe here."""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from cli.local import broker, environment
from cli.local.paths import Place
from cli.local.ports import Ports
from cli.local.postgres import make_socket_folders, remove_socket_folders, servers
from shared.errors import UnavailableError


def settings_of(command: tuple[str, ...]) -> dict[str, str]:
    """The -c settings of a server's command."""
    given = [after for flag, after in pairwise(command) if flag == "-c"]
    return dict(one.split("=", 1) for one in given)


def test_there_are_three_servers_with_data_and_sockets_of_their_own() -> None:
    found = servers(Place(var=Path("/data"), uid=1000))
    assert [server.kind for server in found] == ["truth", "views", "keys"]
    assert len({server.data for server in found} | {server.sockets for server in found}) == 6
    dsn = found[0].service_dsn("customers")
    assert dsn == f"postgresql://customers_{{role}}@/customers?host={found[0].sockets}"


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_server_listens_on_no_network_and_logs_no_statement_or_row(kind: int) -> None:
    settings = settings_of(servers(Place(var=Path("/data"), uid=1000))[kind].command)
    assert settings["listen_addresses"] == ""
    assert settings["unix_socket_permissions"] == "0700"
    assert settings["log_min_messages"] == "log"  # above `error`: a failed statement is no line
    assert settings["log_min_error_statement"] == "panic"
    assert settings["log_error_verbosity"] == "terse"
    assert settings["idle_in_transaction_session_timeout"] == "30s"


def test_the_truth_is_never_run_without_waiting_for_its_disk() -> None:
    truth, views, keys = (settings_of(one.command) for one in servers(Place(var=Path("/data"))))
    for settings in (truth, keys):
        assert not {"fsync", "synchronous_commit", "full_page_writes"} & settings.keys()
    assert "fsync" not in views


def test_root_runs_postgresql_as_nobody_and_others_as_themselves() -> None:
    as_root, as_user = (
        servers(Place(var=Path("/d"), uid=0))[0],
        servers(Place(var=Path("/d"), uid=7))[0],
    )
    assert as_root.command[:2] == ("setpriv", "--reuid=nobody")
    assert "--pdeathsig=SIGINT" in as_root.command
    assert as_user.command[0].endswith("/pginstall/bin/postgres")


def test_socket_folders_are_private_and_leave_nothing_behind(tmp_path: Path) -> None:
    place = Place(var=tmp_path, uid=os.geteuid())
    make_socket_folders(place)
    make_socket_folders(place)
    for server in servers(place):
        assert server.sockets.stat().st_mode & 0o777 == 0o700
    remove_socket_folders(place)
    assert not place.sockets.exists()


def test_a_socket_folder_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    place = Place(var=tmp_path, uid=os.geteuid())
    place.sockets.mkdir()
    place.sockets.chmod(0o755)
    try:
        with pytest.raises(UnavailableError, match="not a private folder") as refused:
            make_socket_folders(place)
    finally:
        place.sockets.rmdir()
    assert str(place.sockets) in (refused.value.fix or "")


def test_a_socket_folder_that_is_a_link_elsewhere_is_refused(tmp_path: Path) -> None:
    place = Place(var=tmp_path, uid=os.geteuid())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    place.sockets.symlink_to(elsewhere)
    try:
        with pytest.raises(UnavailableError, match="not a private folder"):
            make_socket_folders(place)
    finally:
        place.sockets.unlink()


def test_the_broker_listens_and_advertises_on_loopback_only() -> None:
    command = broker.command(Ports(9000))
    assert command.count("tcp://127.0.0.1:9092") == 2
    assert command[1:3] == ("broker", "--listener-url")
    assert "memory://tansu/" in command


def test_the_broker_of_the_wheel_is_the_one_that_was_tried() -> None:
    broker.refuse_unknown_broker()


def test_another_broker_than_the_one_that_was_tried_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "tansu"
    other.write_bytes(b"something else")
    monkeypatch.setattr(broker, "binary", lambda: other)
    with pytest.raises(UnavailableError, match="not the one Daybook was tried with"):
        broker.refuse_unknown_broker()


def test_a_platform_where_the_broker_was_not_tried_is_named() -> None:
    with pytest.raises(UnavailableError, match="not tried on Darwin arm64") as refused:
        broker.refuse_unknown_broker("Darwin", "arm64")
    assert refused.value.fix


def test_broker_and_postgresql_see_nothing_of_the_callers_shell() -> None:
    shell = {"PATH": "/bin", "PGHOST": "elsewhere", "LISTENER_URL": "tcp://0.0.0.0:9092"}
    shell |= {"STORAGE_ENGINE": "s3://bucket", "PGPASSWORD": "secret", "PYTHONPATH": "/x"}
    assert environment.bare(shell).keys() == {"PATH", "LANG", "LC_ALL"}


def test_a_service_gets_the_settings_of_this_machine_whatever_the_shell_says() -> None:
    place = Place(var=Path("/data"), port_base=9000, uid=1000)
    shell = {
        "PATH": "/bin",
        "PGHOST": "elsewhere",
        "DAYBOOK_STORE_TRUTH_DSN": "postgresql://elsewhere/production",
        "DAYBOOK_KAFKA_BOOTSTRAP": "kafka.example:9092",
        "DAYBOOK_SERVICE_HOST": "0.0.0.0",  # noqa: S104 - what must not get through
    }
    given = environment.of_service("customers", place, shell)
    assert given["DAYBOOK_STORE_TRUTH_DSN"].endswith(f"?host={place.sockets}/truth")
    assert given["DAYBOOK_KAFKA_BOOTSTRAP"] == "127.0.0.1:9092"
    assert (given["DAYBOOK_SERVICE_HOST"], given["DAYBOOK_SERVICE_PORT"]) == ("127.0.0.1", "9001")
    assert given["DAYBOOK_SECURITY_ISSUER"] == "http://127.0.0.1:9005"
    assert "PGHOST" not in given


def test_traces_and_the_canary_may_be_turned_from_the_shell() -> None:
    shell = {"DAYBOOK_OBSERVABILITY_TRACE_SHARE": "0.5", "DAYBOOK_SERVICE_CANARY_SECONDS": "1"}
    given = environment.of_service("customers", Place(var=Path("/data")), shell)
    assert given | shell == given
    untold = environment.of_service("customers", Place(var=Path("/data")), {})
    assert untold["DAYBOOK_OBSERVABILITY_TRACE_SHARE"] == "1.0"
