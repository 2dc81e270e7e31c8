"""The manifests are what Kubernetes reads, close every process, and give it only what it needs."""

import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml

from services.customers import VERSION
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import ROLES as DATABASE_ROLES
from shared.settings import ObservabilitySettings, ServiceSettings
from tests.deploy.composed import LEDGER, OURS, ROLES, check_settings
from tests.deploy.kustomized import KUBERNETES, OVERLAYS, Json, containers_of, pod_of, rendered
from tests.deploy.monitored import MONITORING, check_expression
from tests.deploy.test_compose import KEYS

RENDERED = {name: rendered(KUBERNETES / "overlays" / name) for name in OVERLAYS}
SECRETS = "/run/secrets/daybook"
USER = 10001
# The newest that the installed schemas know, and the oldest that anybody should still run.
VERSIONS = ("1.37.0", "1.34.0")
# Others' kinds, which no schema here knows; what they may hold is tested below.
CUSTOM = {"ScaledObject", "PodMonitor", "PrometheusRule"}
# A secret each, mounted whole: the former master key is put beside the new one.
KEY_SECRETS = {"master.key": "customers-master-key", "service.key": "customers-service-key"}
ONCE = {"prepare", "migrate", "check"}
OPERATORS = ObservabilitySettings().metrics_port
JOINS_A_GROUP = {"projector", "streams"}


def of_kind(overlay: str, *kinds: str) -> Iterator[Json]:
    """Yield the resources of these kinds."""
    for each in RENDERED[overlay]:
        if each["kind"] in kinds:
            yield each


def processes() -> Iterator[tuple[str, str, Json, Json]]:
    """Yield every container of ours: overlay, role, its workload, itself."""
    for overlay in OVERLAYS:
        for workload in of_kind(overlay, "Deployment", "Job"):
            for container in containers_of(workload):
                assert container["command"][:3] == ["python", "-m", OURS]
                (role,) = container["command"][3:]
                yield overlay, role, workload, container


PROCESSES = list(processes())
NAMES = [f"{overlay} {role}" for overlay, role, _, _ in PROCESSES]
every_process = pytest.mark.parametrize(
    ("overlay", "role", "workload", "its"), PROCESSES, ids=NAMES
)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_reads_every_resource_and_knows_every_word(overlay: str, version: str) -> None:
    for each in RENDERED[overlay]:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_role_has_a_workload(overlay: str) -> None:
    # Where the servers are others', a superuser of theirs prepares them.
    expected = ROLES if overlay == "dev" else ROLES - {"prepare"}
    assert sorted(role for where, role, _, _ in PROCESSES if where == overlay) == sorted(expected)


@every_process
def test_a_container_is_closed(overlay: str, role: str, workload: Json, its: Json) -> None:
    pod = pod_of(workload)
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] in {
        a["metadata"]["name"] for a in of_kind(overlay, "ServiceAccount")
    }
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert its["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert "memory" in its["resources"]["limits"]
    assert "cpu" not in its["resources"]["limits"]
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert workload["metadata"]["namespace"] == namespace["metadata"]["name"]


@every_process
def test_a_process_is_told_only_what_it_reads(
    overlay: str, role: str, workload: Json, its: Json
) -> None:
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(overlay, "ConfigMap")}
    told = {each["name"]: each["value"] for each in its.get("env", ())}
    for source in its["envFrom"]:
        told |= maps[source["configMapRef"]["name"]]
    check_settings(told)
    assert told["DAYBOOK_SECURITY_SECRETS_DIR"] == SECRETS
    assert told["DAYBOOK_SECURITY_LEDGER_DIR"] == LEDGER
    for kind in ("TRUTH", "VIEWS", "KEYS"):
        dsn = told[f"DAYBOOK_STORE_{kind}_DSN"]
        assert f"passwordfile={SECRETS}/customers_{{role}}" in dsn


def files_of(workload: Json) -> set[str]:
    """Return the files of secrets that a workload's pods see; whole secrets by their names."""
    found: set[str] = set()
    for volume in pod_of(workload)["volumes"]:
        for source in volume.get("projected", {}).get("sources", ()):
            (told,) = source.values()
            found |= {each["path"] for each in told.get("items", ())} or {told["name"]}
    return found - {"authorities", "kafka"}


@every_process
def test_a_process_has_its_own_password_and_only_the_keys_that_it_uses(
    overlay: str, role: str, workload: Json, its: Json
) -> None:
    expected = {
        "prepare": {"customers-passwords", "daybook-superusers"},
        "migrate": {"customers_migrate", "customers_api"},
        "check": {"customers_migrate", "customers_api"},
    }.get(role, {f"customers_{role}"} if role in DATABASE_ROLES else set())
    assert files_of(workload) == expected | {KEY_SECRETS[key] for key in KEYS.get(role, ())}
    volumes = {volume["name"] for volume in pod_of(workload)["volumes"]}
    mounts = {mount["name"]: mount for mount in its["volumeMounts"]}
    assert set(mounts) <= volumes
    assert mounts["secrets"]["mountPath"] == SECRETS
    assert ("ledger" in mounts) is (role not in {"streams", "prepare", "migrate"})
    if "ledger" in mounts:
        assert mounts["ledger"]["mountPath"] == LEDGER
        assert mounts["ledger"].get("readOnly", False) is (role not in {"api", "check"})


@every_process
def test_what_runs_on_is_probed_where_it_answers(
    overlay: str, role: str, workload: Json, its: Json
) -> None:
    if role in ONCE:
        assert workload["kind"] == "Job"
        assert pod_of(workload)["restartPolicy"] == "OnFailure"
        return
    ports = {port["name"]: port["containerPort"] for port in its["ports"]}
    assert ports == {"operators": OPERATORS} | (
        {"http": ServiceSettings().port} if role == "api" else {}
    )
    # A probe that leans on a server would restart everything when that is away.
    for probe in ("startupProbe", "livenessProbe"):
        assert its[probe]["httpGet"] == {"path": "/livez", "port": "operators"}
    assert its["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "operators"}
    assert pod_of(workload)["terminationGracePeriodSeconds"] >= 30
    assert pod_of(workload)["topologySpreadConstraints"]
    if role in JOINS_A_GROUP:
        assert workload["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_disruption_leaves_one_where_there_are_several_and_never_blocks_a_node(
    overlay: str,
) -> None:
    budgets = {
        each["metadata"]["name"]: each["spec"] for each in of_kind(overlay, "PodDisruptionBudget")
    }
    for workload in of_kind(overlay, "Deployment"):
        name, spec = workload["metadata"]["name"], workload["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        if spec.get("replicas") != 1 or name in budgets:
            assert budgets[name]["maxUnavailable"] == 1
            assert budgets[name]["selector"]["matchLabels"].items() <= labels.items()


def test_a_release_is_in_the_jobs_name_and_the_image_is_named_by_its_bytes() -> None:
    for overlay in OVERLAYS:
        for job in of_kind(overlay, "Job"):
            assert job["metadata"]["name"].endswith("-" + VERSION.replace(".", "-"))
    images = {
        overlay: {its["image"] for where, _, _, its in PROCESSES if where == overlay}
        for overlay in OVERLAYS
    }
    assert images["dev"] == {f"daybook:{VERSION}"}
    (image,) = images["prod"]
    assert re.fullmatch(r"[\w./-]+@sha256:[0-9a-f]{64}", image)


def scaled() -> Json:
    """Return what scales the projectors."""
    (found,) = of_kind("prod", "ScaledObject")
    return found


def test_projectors_are_scaled_by_the_lag_that_more_of_them_can_mend() -> None:
    spec = scaled()["spec"]
    deployments = {each["metadata"]["name"]: each["spec"] for each in of_kind("prod", "Deployment")}
    (api,) = of_kind("prod", "HorizontalPodAutoscaler")
    for name in (spec["scaleTargetRef"]["name"], api["spec"]["scaleTargetRef"]["name"]):
        assert "replicas" not in deployments[name], "an apply would undo what the scaler did"
    assert 1 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"]
    assert spec["fallback"]["replicas"] <= spec["maxReplicaCount"] <= CUSTOMERS.partitions
    (trigger,) = spec["triggers"]
    query = trigger["metadata"]["query"]
    check_expression(query)
    assert isinstance(promql_parser.parse(query), promql_parser.AggregateExpr)
    assert 'role="projector",state="live"' in query
    assert trigger["metadata"]["ignoreNullValues"] == "false", "nothing told is no lag of zero"
    # The words of KEDA that are used here; its own schema is not at hand.
    assert set(spec) == {
        "scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod",
        "fallback", "advanced", "triggers",
    }  # fmt: skip
    assert set(trigger) == {"type", "metricType", "metadata"}


def test_whoever_may_speak_is_there_and_nobody_else_may() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind("prod", "NetworkPolicy")}
    assert policies.pop("nobody") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    components = {
        each["metadata"]["labels"]["app.kubernetes.io/component"]
        for each in of_kind("prod", "Deployment", "Job")
    }
    named = set(re.findall(r"'component': '(\w+)'|/component': '(\w+)'", str(policies)))
    chosen = {name for pair in named for name in pair if name}
    for policy in policies.values():
        for rule in policy["podSelector"].get("matchExpressions", ()):
            chosen |= set(rule["values"])
    assert chosen - {"prepare"} <= components
    ways = {
        name: [
            port["port"]
            for rule in [*policy.get("ingress", ()), *policy.get("egress", ())]
            for port in rule["ports"]
        ]
        for name, policy in policies.items()
    }
    assert ways["callers-of-the-api"] == [ServiceSettings().port]
    assert ways["machines-of-operators"] == [OPERATORS]
    settings = next(
        each["data"]
        for each in of_kind("prod", "ConfigMap")
        if each["metadata"]["name"] == "customers-settings"
    )
    assert {int(at.split(":")[1]) for at in settings["DAYBOOK_KAFKA_BOOTSTRAP"].split(",")} == set(
        ways["kafka"]
    )
    assert f":{ways['spans'][0]}" in settings["DAYBOOK_OBSERVABILITY_OTLP_ENDPOINT"]


def test_in_earnest_all_ways_to_servers_are_encrypted() -> None:
    settings: dict[str, Any] = next(
        each["data"]
        for each in of_kind("prod", "ConfigMap")
        if each["metadata"]["name"] == "customers-settings"
    )
    for name, value in settings.items():
        if name.endswith("_DSN"):
            assert "sslmode=verify-full&sslrootcert=" in value
    assert settings["DAYBOOK_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert settings["DAYBOOK_SECURITY_ISSUER"].startswith("https://")


def test_the_operators_prometheus_knows_processes_as_the_rules_do() -> None:
    (monitor,) = of_kind("prod", "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "operators"
    assert monitor["spec"]["jobLabel"] == "app.kubernetes.io/part-of"
    (rule,) = monitor["spec"]["selector"]["matchExpressions"]
    assert set(rule["values"]) == ROLES - ONCE
    told = yaml.safe_load((MONITORING / "kustomization.yaml").read_text())
    (dashboards,) = told["configMapGenerator"]
    on_disk = {f"dashboards/{path.name}" for path in (MONITORING / "dashboards").glob("*.json")}
    assert set(dashboards["files"]) == on_disk
