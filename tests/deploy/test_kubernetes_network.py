"""In earnest nobody may speak to anybody, but for the ways that the processes have to go."""

from itertools import product
from urllib.parse import urlsplit

import pytest

from shared.settings import ObservabilitySettings
from tests.deploy.kustomized import Json
from tests.deploy.manifests import ONCE, PODS, Pod, of_kind, settings

POLICIES = {each["metadata"]["name"]: each["spec"] for each in of_kind("prod", "NetworkPolicy")}
OURS = [pod for pod in PODS if pod.overlay == "prod" and pod.role not in ONCE]
POSTGRESQL, ISSUER = 5432, 443
# Whose tokens hold the apis ask; who asks another service signs in.
SIGNS_IN_OR_VERIFIES = {
    ("customers", "api"), ("customers", "worker"), ("permissions", "api"),
    ("permissions", "projector"),
}  # fmt: skip
# What a Faust worker reads is in Kafka.
WITHOUT_STORE = {"streams"}


def chosen(selector: Json, labels: dict[str, str]) -> bool:
    """Whether a selector of pods means these labels."""
    wanted = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"]
        for each in selector.get("matchExpressions", ())
    )


def ways(pod: Pod, direction: str) -> list[tuple[Json | None, int]]:
    """Return with whom a pod may speak, and at which port; None: with anybody."""
    member, peers = {"Egress": ("egress", "to"), "Ingress": ("ingress", "from")}[direction]
    return [
        (peer, port["port"])
        for policy in POLICIES.values()
        if chosen(policy["podSelector"], pod.labels)
        for rule in policy.get(member, ())
        for peer in rule.get(peers, [None])
        for port in rule["ports"]
    ]


def may_ask(asker: Pod, asked: Pod, port: int) -> bool:
    """Whether both ends let it be: the one speak, and the other be spoken to."""
    return all(
        any(
            at == port
            and (
                peer is None
                or chosen(peer.get("podSelector", {"matchLabels": {"": ""}}), other.labels)
            )
            for peer, at in ways(its, direction)
        )
        for its, other, direction in ((asker, asked, "Egress"), (asked, asker, "Ingress"))
    )


def test_what_is_not_named_is_refused() -> None:
    assert POLICIES["nobody"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_whoever_decides_may_ask_for_permissions_and_only_their_projector_for_customers() -> None:
    apis = [pod for pod in OURS if pod.role == "api"]
    found = {
        (asker.owner, asker.role, asked.owner)
        for asker, asked in product(OURS, apis)
        if may_ask(asker, asked, int(asked.settings["DAYBOOK_SERVICE_PORT"]))
    }
    assert found == {
        ("customers", "api", "permissions"),
        ("customers", "worker", "permissions"),
        ("permissions", "projector", "customers"),
    }
    for asked in apis:
        from_elsewhere = [
            peer["namespaceSelector"]["matchLabels"]
            for peer, port in ways(asked, "Ingress")
            if peer is not None and "namespaceSelector" in peer
            and port == int(asked.settings["DAYBOOK_SERVICE_PORT"])
        ]  # fmt: skip
        assert from_elsewhere == [{f"daybook/may-call-{asked.owner}": "yes"}]
        url = asked.settings[f"DAYBOOK_SERVICE_{asked.owner.upper()}_URL"]
        (service,) = (
            each for each in of_kind("prod", "Service")
            if each["metadata"]["name"] == urlsplit(url).hostname
        )  # fmt: skip
        assert service["spec"]["selector"].items() <= asked.labels.items()


@pytest.mark.parametrize("pod", OURS, ids=str)
def test_a_process_reaches_the_servers_that_it_needs_and_operators_reach_it(pod: Pod) -> None:
    told = settings("prod", "daybook-settings")
    kafka = {int(at.split(":")[1]) for at in told["DAYBOOK_KAFKA_BOOTSTRAP"].split(",")}
    spans = urlsplit(told["DAYBOOK_OBSERVABILITY_OTLP_ENDPOINT"]).port
    out = {port for peer, port in ways(pod, "Egress") if peer is None or "podSelector" not in peer}
    assert {*kafka, spans} <= out
    assert (POSTGRESQL in out) is (pod.role not in WITHOUT_STORE)
    assert (ISSUER in out) is ((pod.owner, pod.role) in SIGNS_IN_OR_VERIFIES)
    monitoring = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    }
    assert (monitoring, ObservabilitySettings().metrics_port) in ways(pod, "Ingress")


def test_no_policy_is_for_a_role_that_does_not_exist() -> None:
    roles = {pod.role for pod in PODS}
    for policy in POLICIES.values():
        for rule in policy["podSelector"].get("matchExpressions", ()):
            if rule["key"].endswith("/component"):
                assert set(rule["values"]) <= roles
