"""The manifests are what Kubernetes reads, close every process, and give it only what it needs."""

import re

import kubernetes_validate
import promql_parser
import pytest
import yaml

from services.customers import VERSION
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import ROLES as DATABASE_ROLES
from shared.settings import ObservabilitySettings, ServiceSettings
from tests.deploy.composed import LEDGER, ROLES_OF, check_settings
from tests.deploy.kustomized import OVERLAYS, Json, pod_of
from tests.deploy.manifests import ONCE, PODS, RENDERED, Pod, of_kind
from tests.deploy.monitored import MONITORING, check_expression
from tests.deploy.test_compose import KEYS, KEYS_OF_PERMISSIONS

SECRETS = "/run/secrets/daybook"
USER = 10001
# The newest that the installed schemas know, and the oldest that anybody should still run.
VERSIONS = ("1.37.0", "1.34.0")
# Others' kinds, which no schema here knows; what they may hold is tested below.
CUSTOM = {"ScaledObject", "PodMonitor", "PrometheusRule"}
KEYS_OF = {"customers": KEYS, "permissions": KEYS_OF_PERMISSIONS}
PORT_OF = {"customers": ServiceSettings().port, "permissions": 8102}
OPERATORS = ObservabilitySettings().metrics_port
JOINS_A_GROUP = {"projector", "streams"}
every_pod = pytest.mark.parametrize("pod", PODS, ids=str)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_reads_every_resource_and_knows_every_word(overlay: str, version: str) -> None:
    for each in RENDERED[overlay]:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_role_has_a_workload(overlay: str) -> None:
    # Where the servers are others', a superuser of theirs prepares them; who is to be the first
    # administrator an operator says once.
    left_out = set() if overlay == "dev" else {"prepare", "bootstrap"}
    for owner, roles in ROLES_OF.items():
        started = [pod.role for pod in PODS if (pod.overlay, pod.owner) == (overlay, owner)]
        assert sorted(started) == sorted(roles - left_out)


@every_pod
def test_a_container_is_closed(pod: Pod) -> None:
    spec, its = pod_of(pod.workload), pod.its
    assert spec["automountServiceAccountToken"] is False
    assert (
        spec["serviceAccountName"]
        == pod.owner
        in {a["metadata"]["name"] for a in of_kind(pod.overlay, "ServiceAccount")}
    )
    assert spec["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    assert its["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert "memory" in its["resources"]["limits"]
    assert "cpu" not in its["resources"]["limits"]
    (namespace,) = of_kind(pod.overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod.workload["metadata"]["namespace"] == namespace["metadata"]["name"]


@every_pod
def test_a_process_is_told_only_what_it_reads(pod: Pod) -> None:
    told = pod.settings
    check_settings(told)
    assert told["DAYBOOK_SECURITY_SECRETS_DIR"] == SECRETS
    assert told["DAYBOOK_SECURITY_LEDGER_DIR"] == LEDGER
    for kind in ("TRUTH", "VIEWS", "KEYS"):
        dsn = told[f"DAYBOOK_STORE_{kind}_DSN"]
        assert f"passwordfile={SECRETS}/{pod.owner}_{{role}}" in dsn


@every_pod
def test_a_process_has_its_own_password_and_only_the_keys_that_it_uses(pod: Pod) -> None:
    owner, role = pod.owner, pod.role
    expected = {
        "prepare": {f"{owner}-passwords", "daybook-superusers"},
        "migrate": {f"{owner}_migrate", f"{owner}_api"},
        "check": {f"{owner}_migrate", f"{owner}_api"},
        "bootstrap": {f"{owner}_api"},
    }.get(role, {f"{owner}_{role}"} if role in DATABASE_ROLES else set())
    # A secret each, mounted whole: the former master key is put beside the new one.
    keys = {f"{owner}-{key.replace('.', '-')}" for key in KEYS_OF[owner].get(role, ())}
    assert pod.files == expected | keys
    volumes = {volume["name"] for volume in pod_of(pod.workload)["volumes"]}
    mounts = {mount["name"]: mount for mount in pod.its["volumeMounts"]}
    assert set(mounts) <= volumes
    assert mounts["secrets"]["mountPath"] == SECRETS
    has_ledger = owner == "customers" and role not in {"streams", "prepare", "migrate"}
    assert ("ledger" in mounts) is has_ledger
    if "ledger" in mounts:
        assert mounts["ledger"]["mountPath"] == LEDGER
        assert mounts["ledger"].get("readOnly", False) is (role not in {"api", "check"})


@every_pod
def test_what_runs_on_is_probed_where_it_answers(pod: Pod) -> None:
    workload, its, spec = pod.workload, pod.its, pod_of(pod.workload)
    if pod.role in ONCE:
        assert workload["kind"] == "Job"
        assert spec["restartPolicy"] == "OnFailure"
        return
    ports = {port["name"]: port["containerPort"] for port in its["ports"]}
    http = {"http": PORT_OF[pod.owner]} if pod.role == "api" else {}
    assert ports == {"operators": OPERATORS} | http
    assert int(pod.settings["DAYBOOK_SERVICE_PORT"]) == PORT_OF[pod.owner]
    if pod.owner == "permissions":
        its_url = pod.settings["DAYBOOK_SERVICE_PERMISSIONS_URL"]
        assert pod.settings["DAYBOOK_SERVICE_PUBLIC_URL"] == its_url, "what discovery tells"
    # A probe that leans on a server would restart everything when that is away.
    for probe in ("startupProbe", "livenessProbe"):
        assert its[probe]["httpGet"] == {"path": "/livez", "port": "operators"}
    assert its["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "operators"}
    assert spec["terminationGracePeriodSeconds"] >= 30
    assert spec["topologySpreadConstraints"]
    if pod.role in JOINS_A_GROUP:
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
        overlay: {pod.its["image"] for pod in PODS if pod.overlay == overlay}
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
    assert 'process=~"customers-.*",role="projector",state="live"' in query
    assert trigger["metadata"]["ignoreNullValues"] == "false", "nothing told is no lag of zero"
    # The words of KEDA that are used here; its own schema is not at hand.
    assert set(spec) == {
        "scaleTargetRef", "minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod",
        "fallback", "advanced", "triggers",
    }  # fmt: skip
    assert set(trigger) == {"type", "metricType", "metadata"}


@pytest.mark.parametrize("pod", [pod for pod in PODS if pod.overlay == "prod"], ids=str)
def test_in_earnest_all_ways_to_servers_are_encrypted(pod: Pod) -> None:
    told = pod.settings
    for name, value in told.items():
        if name.endswith("_DSN"):
            assert "sslmode=verify-full&sslrootcert=" in value
    assert told["DAYBOOK_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert told["DAYBOOK_KAFKA_SASL_USERNAME"] == f"daybook-{pod.owner}"
    assert told["DAYBOOK_SECURITY_ISSUER"].startswith("https://")


def test_the_operators_prometheus_knows_processes_as_the_rules_do() -> None:
    (monitor,) = of_kind("prod", "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "operators"
    assert monitor["spec"]["jobLabel"] == "app.kubernetes.io/part-of"
    (rule,) = monitor["spec"]["selector"]["matchExpressions"]
    assert set(rule["values"]) == set().union(*ROLES_OF.values()) - ONCE
    # Under compose the label is the container's name.
    (label,) = endpoint["relabelings"]
    assert [name.rsplit("_", 1)[1] for name in label["sourceLabels"]] == ["name", "component"]
    assert (label["separator"], label["targetLabel"]) == ("-", "process")
    told = yaml.safe_load((MONITORING / "kustomization.yaml").read_text())
    (dashboards,) = told["configMapGenerator"]
    on_disk = {f"dashboards/{path.name}" for path in (MONITORING / "dashboards").glob("*.json")}
    assert set(dashboards["files"]) == on_disk
