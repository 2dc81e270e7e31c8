"""The same policy in the words of pycasbin and of Cedar, as fast as each can be asked.

Both are given what they like best: casbin its FastEnforcer, keyed by object and action, with the
cheap comparisons first; Cedar policies and entities that are parsed beforehand. Neither keeps
windows, freshness or reasons, so they do less than we do; the answers are the same.
"""

import json
from collections.abc import Iterator

import casbin
import cedarpy
from casbin.model import FastModel

from bench.bare_decisions import BareDecisions, reaches
from bench.policy_sample import CLEARANCES, SCOPES, PolicySample, Question

CASBIN_MODEL = """
[request_definition]
r = sub, obj, act, owner, sensitivity
[policy_definition]
p = sub, obj, act, scope, clearance
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub) && cleared(r.sensitivity, p.clearance) \
&& reaches(r.sub, r.owner, p.scope)
"""
KEYS = (1, 2)
TEAMMATE = "resource.owner == principal || resource.owner.teams.containsAny(principal.teams)"
# Departments of the sample lie beside each other, so equality is all that it takes.
CEDAR_SCOPES = {
    "own": "resource.owner == principal",
    "team": TEAMMATE,
    "department": f"{TEAMMATE} || resource.owner.department == principal.department",
    "all": "true",
}


class Casbin:
    """A FastEnforcer with one policy for each permission of a role, and one link for each grant."""

    def __init__(self, sample: PolicySample, facts: BareDecisions) -> None:
        model = FastModel(KEYS)
        model.load_model_from_text(CASBIN_MODEL)
        self._enforcer = casbin.FastEnforcer(model, cache_key_order=KEYS)
        self._enforcer.add_function(
            "cleared", lambda sensitivity, its: int(sensitivity) <= int(its)
        )
        self._enforcer.add_function(
            "reaches", lambda subject, owner, scope: reaches(facts, subject, int(scope), owner)
        )
        # As its own loader does; its add_policies looks through all rules for each new one.
        for role, ways in sample.roles.items():
            for permission, (scope, clearance) in ways.items():
                ranks = str(SCOPES.index(scope)), str(CLEARANCES.index(clearance))
                model.model["p"]["p"].policy.append([role, *permission.split(":"), *ranks])
        for person in sample.people.values():
            for role in person.roles.values():
                model.model["g"]["g"].policy.append([person.name, role])
        self._enforcer.build_role_links()

    def allows(self, question: Question) -> bool:
        """Return its answer."""
        subject, permission, record = question
        return bool(
            self._enforcer.enforce(
                subject, *permission.split(":"), record.owner, str(record.sensitivity)
            )
        )


class Cedar:
    """One policy for each permission of a role; people, roles and all records as entities."""

    def __init__(self, sample: PolicySample, asked: list[Question]) -> None:
        self._policies = cedarpy.PolicySet.from_str("\n".join(_policies(sample)))
        self._entities = cedarpy.Entities.from_json_str(json.dumps([*_entities(sample, asked)]))

    def allows(self, question: Question) -> bool:
        """Return its answer."""
        subject, permission, record = question
        request = {
            "principal": {"type": "User", "id": subject},
            "action": {"type": "Action", "id": permission},
            "resource": {"type": "Record", "id": record.id},
        }
        return bool(cedarpy.is_authorized(request, self._policies, self._entities).allowed)


def _policies(sample: PolicySample) -> Iterator[str]:
    for role, ways in sample.roles.items():
        for permission, (scope, clearance) in ways.items():
            yield (
                f'permit(principal in Role::"{role}", action == Action::"{permission}", resource)'
                f" when {{ resource.sensitivity <= {CLEARANCES.index(clearance)}"
                f" && ({CEDAR_SCOPES[scope]}) }};"
            )


def _entities(sample: PolicySample, asked: list[Question]) -> Iterator[dict[str, object]]:
    for role in sample.roles:
        yield {"uid": {"type": "Role", "id": role}, "attrs": {}, "parents": []}
    for person in sample.people.values():
        yield {
            "uid": {"type": "User", "id": person.name},
            "attrs": {"teams": [person.team], "department": person.department},
            "parents": [{"type": "Role", "id": role} for role in person.roles.values()],
        }
    for _, _, record in asked:
        owner = {"__entity": {"type": "User", "id": record.owner}}
        yield {
            "uid": {"type": "Record", "id": record.id},
            "attrs": {"owner": owner, "sensitivity": record.sensitivity},
            "parents": [],
        }
