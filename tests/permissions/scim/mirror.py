"""An identity provider as it is in life: it reads its own directory and pushes what differs."""

from typing import Any

from scim2_models import Resource, SearchRequest

from services.permissions.api.scim.schema import Group, Member, Person
from tests.permissions.scim.asking import ENTERPRISE, ScimClient

KEPT = ("userName", "displayName", "name", "active", "emails")


class Mirror:
    """Pushes users and groups from one SCIM service to another, by nothing but the protocol."""

    def __init__(self, source: ScimClient, target: ScimClient) -> None:
        self._source, self._target = source, target

    def push(self) -> None:
        """Create, change and remove in the target until it is as the source."""
        wanted, there = users(self._source), self._of_target(Person)
        for source_id, told in wanted.items():
            self._put(Person, there.get(source_id), self._person(source_id, told))
        for source_id in there.keys() - wanted.keys():
            self._target.delete(Person, there[source_id])
        ids = self._of_target(Person)
        for source_id, told in wanted.items():
            if manager := told[ENTERPRISE].get("manager"):
                body = self._person(source_id, told)
                body[ENTERPRISE]["manager"] = {"value": ids[manager]}
                self._put(Person, ids[source_id], body)
        teams, have = groups(self._source), self._of_target(Group)
        for source_id, told in teams.items():
            members = [Member(value=ids[one]).model_dump() for one in told["members"]]
            team = {"externalId": source_id, "displayName": told["displayName"]}
            self._put(Group, have.get(source_id), team | {"members": members})
        for source_id in have.keys() - teams.keys():
            self._target.delete(Group, have[source_id])

    def seen(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return users and groups of the target, named as the source names them."""
        by_id = {target: source for source, target in self._of_target(Person).items()}
        people = {by_id[one]: told for one, told in users(self._target).items()}
        for told in people.values():
            if "manager" in told[ENTERPRISE]:
                told[ENTERPRISE]["manager"] = by_id[told[ENTERPRISE]["manager"]]
        by_team = {target: source for source, target in self._of_target(Group).items()}
        teams = {by_team[one]: told for one, told in groups(self._target).items()}
        for told in teams.values():
            told["members"] = {by_id[one] for one in told["members"]}
        return people, teams

    def _person(self, source_id: str, told: dict[str, Any]) -> dict[str, Any]:
        department = {"department": told[ENTERPRISE].get("department")}
        return {**told, "externalId": source_id, ENTERPRISE: department}

    def _put(self, model: Any, target_id: str | None, body: dict[str, Any]) -> None:  # noqa: ANN401
        resource = model.model_validate(body | {"id": target_id})
        if target_id is None:
            self._target.create(resource)
        else:
            self._target.replace(resource)

    def _of_target(self, model: Any) -> dict[str, str]:  # noqa: ANN401 - a class
        return {str(one.external_id): str(one.id) for one in listed(self._target, model)}


def listed(client: ScimClient, model: Any) -> list[Resource[Any]]:  # noqa: ANN401 - a class
    """Return every resource of a type, page by page."""
    found: list[Resource[Any]] = []
    while True:
        wanted: SearchRequest[Any] = SearchRequest(start_index=len(found) + 1, count=2)
        page = client.query(model, query_parameters=wanted)
        found += page.resources or []
        if len(found) >= page.total_results:
            return found


def users(client: ScimClient) -> dict[str, Any]:
    """Return what both sides keep of each user, by id."""
    model = client.get_resource_model("User")
    told = {str(one.id): one.model_dump() for one in listed(client, model)}
    return {user_id: _user(user) for user_id, user in told.items()}


def groups(client: ScimClient) -> dict[str, Any]:
    """Return what both sides keep of each group, by id."""
    told = {
        str(one.id): one.model_dump() for one in listed(client, client.get_resource_model("Group"))
    }
    return {
        group_id: {
            "displayName": group["displayName"],
            "members": {one["value"] for one in group.get("members", [])},
        }
        for group_id, group in told.items()
    }


def _user(told: dict[str, Any]) -> dict[str, Any]:
    kept = {name: told[name] for name in KEPT if name in told}
    extension = told.get(ENTERPRISE, {})
    kept[ENTERPRISE] = {"department": extension.get("department")}
    if "manager" in extension:
        kept[ENTERPRISE]["manager"] = extension["manager"]["value"]
    return kept
