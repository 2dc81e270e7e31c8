"""Every place that a client is told is a whole address: the one by which it reaches the service."""

from collections.abc import Iterator
from typing import Any

from tests.permissions.scim.asking import ENTERPRISE, PUBLIC, Stage

AT = f"{PUBLIC}/scim/v2"


def places(told: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield every place in a body."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name in {"location", "$ref"}:
                yield value
            else:
                yield from places(value)
    elif isinstance(told, list):
        for one in told:
            yield from places(one)


def test_people_and_teams_name_themselves_and_each_other_by_whole_addresses(stage: Stage) -> None:
    boss = stage.create("boss")["id"]
    ada = stage.create("ada", **{ENTERPRISE: {"manager": {"value": boss}}})["id"]
    team = stage.form("North", members=[{"value": ada}])["id"]
    one, group = stage.http.get(f"/Users/{ada}"), stage.http.get(f"/Groups/{team}")
    assert sorted(places(one.json())) == sorted(
        [f"{AT}/Users/{ada}", f"{AT}/Users/{boss}", f"{AT}/Groups/{team}"]
    )
    assert sorted(places(group.json())) == sorted([f"{AT}/Groups/{team}", f"{AT}/Users/{ada}"])
    assert one.headers["Content-Location"] == f"{AT}/Users/{ada}"
    for path in ("/Users", "/Groups", "/ResourceTypes", "/Schemas", "/ServiceProviderConfig"):
        found = [*places(stage.http.get(path).json())]
        assert found
        assert all(place.startswith(f"{AT}/") for place in found)


def test_what_is_created_is_where_the_answer_says(stage: Stage) -> None:
    answer = stage.http.post("/Users", json={"schemas": stage.create("boss")["schemas"],
                                             "userName": "ada"})  # fmt: skip
    place = answer.headers["Location"]
    assert place == answer.json()["meta"]["location"] == f"{AT}/Users/{answer.json()['id']}"
    assert stage.http.get(place.removeprefix(AT)).json()["userName"] == "ada"


def test_somebody_is_found_by_the_place_that_was_told(stage: Stage) -> None:
    place = stage.create("ada")["meta"]["location"]
    found = stage.http.get("/Users", params={"filter": f'meta.location eq "{place}"'}).json()
    assert [one["userName"] for one in found["Resources"]] == ["ada"]
