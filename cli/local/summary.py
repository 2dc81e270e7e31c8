"""What stands on the screen when all is ready: what is proven, where it is, who one can be."""

from collections.abc import Mapping
from pathlib import Path

import click

from cli.local.paths import Place
from cli.local.ports import Ports
from cli.local.proof import Proof
from cli.local.readiness import Canary
from shared.authorization.people import Person
from shared.settings import BrokerKind

BROKERS: dict[BrokerKind, str] = {"embedded": "in memory", "kafka": "Apache Kafka"}


def ready_text(
    place: Place, proofs: Mapping[str, Proof], people: Mapping[str, Person], seconds: float
) -> str:
    """Return the whole text."""
    ports = Ports(place.port_base)
    sections = {
        "Proof": [line for name, proof in proofs.items() for line in _proven(place, name, proof)],
        "Where": [
            *(f"{name:<11} {ports.url(name)}/openapi.json" for name in proofs),
            f"sign-in     {ports.issuer_url}   (who you can be, as a page)",
            f"Kafka       {ports.bootstrap}   ({BROKERS[place.broker]}; daybook.customers.v1)",
            *(f"metrics     {ports.operators_url(name)}/metrics   ({name})" for name in proofs),
            f"data, logs  {place.shown}",
        ],
        "Who you can be": _roles(people),
        "Try": [
            f'{place.command} find "apple"',
            f"{place.command} watch customers",
            f"{place.command} lag",
        ],
    }
    lines = [click.style(f"Daybook is ready, after {seconds:.1f} s.", bold=True)]
    for title, body in sections.items():
        lines += ["", click.style(title, bold=True), *(f"  {line}" for line in body)]
    return "\n".join(lines)


def canary_line(name: str, canary: Canary) -> str:
    """Say what proves that the whole way of a service works."""
    return f"{name}: a canary event went {canary.way} in {canary.trip_ms:.0f} ms"


def _proven(place: Place, name: str, proof: Proof) -> list[str]:
    """Say what was proven of a service, and what became of its data of the last run."""
    return [canary_line(name, proof.canary), *_continuing(proof, place.tally_of(name))]


def _continuing(proof: Proof, tally: Path) -> list[str]:
    """Say what became of the data of the last run; nothing at the first start."""
    if proof.lost_events is None:
        return []
    lost = f"{proof.lost_events:,} events lost"
    if proof.lost_events:
        lost = click.style(f"{lost}: write nothing before you know why", fg="red", bold=True)
        lost += f" (told at every start until: rm {tally})"
    if proof.relay is None or proof.relay.refill_seconds is None:
        return [lost]
    events, took = proof.relay.refilled_events, proof.relay.refill_seconds
    return [f"{lost}, broker refilled with {events:,} events in {took:.1f} s"]


def _roles(people: Mapping[str, Person]) -> list[str]:
    """Group names by role: `alice, leo, wang    sales`."""
    names: dict[str, list[str]] = {}
    # The services' own accounts are not for people.
    for name, person in people.items():
        if "service" not in person.role.split(", "):
            names.setdefault(person.role.replace("_", " "), []).append(name)
    width = max(len(", ".join(group)) for group in names.values())
    return [f"{', '.join(group):<{width}}   {role}" for role, group in names.items()]
