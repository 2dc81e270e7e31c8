"""docker-compose.yml is well formed, runs every role, and gives each only what it needs."""

import json
import re
import shlex
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import jsonschema
import pytest

from cli.local.paths import PROJECT, Place
from cli.local.postgres import EVERY_SERVER, KINDS, OF_KIND, binaries
from shared.settings import ObservabilitySettings, ServiceSettings
from tests.deploy.composed import (
    LEDGER,
    ROLES,
    ROLES_OF,
    SECRETS,
    Service,
    check_settings,
    compose_file,
    composed,
    of_role,
)
from tests.ground.servers import Servers

SERVICES = composed()
LEDGER_DIR = "DAYBOOK_SECURITY_LEDGER_DIR"
DEPENDS = "service_completed_successfully"
# `client.secret`: it asks another service, as an account of its own.
KEYS = {
    "api": {"master.key", "service.key", "client.secret"},
    "projector": {"master.key"},
    "worker": {"master.key", "service.key", "client.secret"},
}
# What it seals it opens itself, and it asks nobody what it may; its projector asks for customers.
KEYS_OF_PERMISSIONS = {
    "api": {"master.key", "service.key"},
    "bootstrap": {"master.key"},
    "projector": {"client.secret"},
}
# Their images are other people's: this one has no shell to ask itself with, that one writes its
# settings beside its program.
WITHOUT_PROBE = {"otel-collector"}
NOT_READ_ONLY = {"kafka"}
# Settings that only one machine has, and those that its size decides.
OF_ONE_MACHINE = {"listen_addresses", "unix_socket_permissions", "huge_pages"}
BY_SIZE = {"max_connections", "shared_buffers", "max_wal_size"}


def vendored(name: str) -> dict[str, object]:
    """Return a schema that check-jsonschema carries; its program needs another click than we do."""
    package = distribution("check-jsonschema").locate_file("check_jsonschema")
    schema: dict[str, object] = json.loads(
        Path(str(package), "builtin_schemas", "vendor", name).read_text()
    )
    return schema


def test_the_file_is_as_compose_wants_it() -> None:
    schema = vendored("compose-spec.json")
    jsonschema.validators.validator_for(schema)(schema).validate(compose_file())


def test_every_role_is_a_service_of_its_own_and_every_service_a_role_that_exists() -> None:
    for owner, roles in ROLES_OF.items():
        started = [each.role for each in SERVICES.values() if each.owner == owner]
        assert sorted(filter(None, started)) == sorted(roles)


@pytest.mark.parametrize("name", [each.name for each in SERVICES.values() if each.role])
def test_a_process_is_told_only_what_it_reads(name: str) -> None:
    check_settings(SERVICES[name].environment)


@pytest.mark.parametrize("role", sorted(ROLES - {"prepare", "migrate", "check"}))
def test_a_role_has_its_own_password_and_only_the_keys_that_it_uses(role: str) -> None:
    its = of_role(role)
    passwords = {"streams": set()}.get(role, {f"customers_{role}"})
    assert its.secrets == passwords | KEYS.get(role, set())
    assert its.told["restart"] == "unless-stopped"
    assert its.told["depends_on"]["customers-check"]["condition"] == DEPENDS


@pytest.mark.parametrize("role", ["api", "relay", "projector", "streams", "bootstrap"])
def test_another_service_has_passwords_and_keys_of_its_own(role: str) -> None:
    its = of_role(role, "permissions")
    keys = {f"permissions-{key}={key}" for key in KEYS_OF_PERMISSIONS.get(role, ())}
    password = {"streams": set(), "bootstrap": {"permissions_api"}}
    assert its.secrets == password.get(role, {f"permissions_{role}"}) | keys
    assert its.told["depends_on"]["permissions-check"]["condition"] == DEPENDS
    assert (role == "bootstrap") is bool(its.told.get("volumes"))
    for name, value in its.environment.items():
        if name.endswith("_DSN"):
            assert "/permissions?passwordfile=/run/secrets/permissions_{role}" in value


def test_only_who_erases_may_write_the_erasure_ledger() -> None:
    may_write = {}
    for role in ROLES:
        for volume in of_role(role).told.get("volumes", ()):
            assert volume["target"] == LEDGER == of_role(role).environment[LEDGER_DIR]
            may_write[role] = not volume.get("read_only", False)
    assert may_write == {
        "api": True, "check": True, "relay": False, "projector": False, "worker": False
    }  # fmt: skip


def test_a_superusers_password_is_known_to_its_server_and_to_the_role_prepare_alone() -> None:
    for kind in KINDS:
        knows = {each.name for each in SERVICES.values() if f"{kind}-superuser" in each.secrets}
        assert knows == {f"customers-{kind}", "customers-prepare", "permissions-prepare"}


def test_the_stores_are_prepared_migrated_and_checked_in_turn_before_anything_is_open() -> None:
    def needs(role: str) -> set[str]:
        told = of_role(role).told["depends_on"]
        return {name for name, each in told.items() if each["condition"] == DEPENDS}

    assert needs("check") == {"customers-migrate"}
    assert needs("migrate") == {"customers-prepare"}
    servers = of_role("prepare").told["depends_on"]
    assert servers == {f"customers-{kind}": {"condition": "service_healthy"} for kind in KINDS}
    assert {of_role(role).told["restart"] for role in ("prepare", "migrate", "check")} == {"no"}


def test_no_secret_stands_in_the_file_and_every_secret_is_made_by_the_script() -> None:
    text = json.dumps(compose_file())
    assert not re.search(r"://[^/@\s\"]*:[^/@\s\"]*@", text)
    for name, value in re.findall(r'"(\w*(?:PASSWORD|SECRET)\w*)": "([^"]+)"', text):
        assert value.startswith(SECRETS), name
    made = (PROJECT / "deploy/compose/make-secrets").read_text()
    for name, told in compose_file()["secrets"].items():
        assert told["file"] == f"./deploy/compose/secrets/{name}"
        service, _, role = name.partition("_")
        assert name in made or (service in ROLES_OF and role in made)
    assert "/deploy/compose/secrets/" in (PROJECT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("service", SERVICES.values(), ids=lambda each: each.name)
def test_a_container_is_closed(service: Service) -> None:
    told = service.told
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told["user"].split(":")[0] not in {"", "0", "root"}
    assert told["read_only"] is (service.name not in NOT_READ_ONLY)
    assert {"mem_limit", "pids_limit", "logging"} <= set(told)
    assert not told.get("privileged")
    for port in told.get("ports", ()):
        assert port.startswith("127.0.0.1:")


def test_what_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.told.get("volumes", ()):
            if isinstance(volume, dict):
                continue
            source, *_ = volume.split(":")
            is_there = (PROJECT / source).exists() if source.startswith(".") else True
            assert is_there or source in compose_file()["volumes"], volume
            assert not source.startswith(".") or volume.endswith(":ro")


def test_what_runs_on_is_probed_and_only_operators_and_who_asks_the_issuer_have_a_way_out() -> None:
    for each in SERVICES.values():
        is_once = each.told["restart"] == "no"
        assert ("healthcheck" in each.told) is (not is_once and each.name not in WITHOUT_PROBE)
    assert compose_file()["networks"]["inside"] == {"internal": True}
    out = {each.name for each in SERVICES.values() if "outside" in each.told.get("networks", ())}
    asks_the_issuer = {
        "customers-api", "customers-worker", "permissions-api", "permissions-projector"
    }  # fmt: skip
    assert out == asks_the_issuer | {"otel-collector", "prometheus", "grafana"}


def test_the_demo_people_are_there_and_sign_in_only_where_they_are_asked_for() -> None:
    of_the_demo = {
        each.name for each in SERVICES.values() if "demo" in each.told.get("profiles", ())
    }
    assert of_the_demo == {"issuer", "permissions-bootstrap"}
    assert not [
        each for each in SERVICES.values() if each.told.get("profiles") and "ports" in each.told
    ]
    # Each service's secret lies where the issuer of one machine looks for it.
    place = Place(Path(SECRETS).parent)
    for owner in ROLES_OF:
        folder = place.secrets_of(owner).relative_to(SECRETS)
        source = "client.secret" if owner == "customers" else f"{owner}-client.secret"
        target = str(folder / "client.secret")
        its = source if source == target else f"{source}={target}"
        assert its in SERVICES["issuer"].secrets


def test_the_ports_are_those_that_the_processes_listen_on() -> None:
    for role in ROLES - {"prepare", "migrate", "check"}:
        port = of_role(role).environment["DAYBOOK_OBSERVABILITY_METRICS_PORT"]
        assert int(port) == ObservabilitySettings().metrics_port
        assert f":{port}/readyz" in shlex.join(of_role(role).told["healthcheck"]["test"])
    for owner, expected in (("customers", ServiceSettings().port), ("permissions", 8102)):
        api = of_role("api", owner)
        assert int(api.environment["DAYBOOK_SERVICE_PORT"]) == expected
        assert api.told["ports"] == [f"127.0.0.1:{expected}:{expected}"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_tells_its_log_no_more_than_on_one_machine(kind: str) -> None:
    lines = (PROJECT / f"deploy/postgres/{kind}.conf").read_text().splitlines()
    told = dict(line.split(" = ", 1) for line in lines if not line.startswith("#"))
    here = EVERY_SERVER | OF_KIND[kind]
    assert here.keys() - OF_ONE_MACHINE <= told.keys()
    for name in here.keys() - OF_ONE_MACHINE - BY_SIZE:
        assert told[name].strip("'") == here[name], name


@pytest.mark.parametrize("kind", KINDS)
def test_a_servers_settings_are_read_by_postgresql(kind: str, formed_servers: Servers) -> None:
    data, conf = formed_servers.server(kind).data, PROJECT / f"deploy/postgres/{kind}.conf"
    command = (
        binaries() / "postgres", "-C", "log_parameter_max_length", "-D", data,
        "-c", f"config_file={conf}",
    )  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (answer.stdout.strip(), answer.returncode) == ("0", 0), answer.stderr
