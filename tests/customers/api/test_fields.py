"""/v1/fields: administrators declare, everybody who reads customers sees what there is."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.customers.application.field_declarations import FieldDeclarations
from shared.errors import SeveralFieldsError
from tests.customers.api.asking import (
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    if_match,
    read,
)
from tests.ground.house import House


def a_field(**more: Any) -> Json:  # noqa: ANN401 - any JSON
    name = f"f_{uuid4().hex[:12]}"
    return {"name": name, "label": {"en": "Size", "zh": "尺码"}, "type": "text"} | more


async def declare(client: httpx.AsyncClient, **more: Any) -> Json:  # noqa: ANN401 - any JSON
    answer = await client.post("/v1/fields", json=a_field(**more))
    assert answer.status_code == 201, answer.text
    return read(answer)


class TestDeclareField:
    async def test_nobody_declares_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().post("/v1/fields", json=a_field()))

    @pytest.mark.parametrize("person", ["alice", "bob", "dave", "oscar", "petra", "billing"])
    async def test_only_an_administrator_declares(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).post("/v1/fields", json=a_field()))

    async def test_a_field_is_there_for_all_who_read_customers(self, house: House) -> None:
        erin = house.client("erin")
        body = a_field(type="choice", choices=["small", "large"], required=True)
        answer = await erin.post("/v1/fields", json=body)
        field = read(answer)
        assert field == body | {"sensitivity": "internal", "retired": False} | {
            "version": field["version"]
        }
        assert answer.headers["Location"] == f"/v1/fields/{body['name']}"
        assert answer.headers["ETag"] == f'"{field["version"]}"'
        for person in ("alice", "bob", "carol", "dave", "petra", "billing"):
            client = house.client(person)
            assert read(await client.get(f"/v1/fields/{body['name']}")) == field
            assert field in read(await client.get("/v1/fields"))["items"]
        assert_not_permitted(await house.client("oscar").get("/v1/fields"))
        # A required field stays in nobody's way.
        retired = await erin.post(
            f"/v1/fields/{body['name']}/retire", headers=if_match(field["version"])
        )
        assert retired.status_code == 200

    async def test_a_repeated_key_declares_once(self, house: House) -> None:
        erin, body, key = house.client("erin"), a_field(), {"Idempotency-Key": str(uuid4())}
        first = await erin.post("/v1/fields", json=body, headers=key)
        again = await erin.post("/v1/fields", json=body, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert_problem(
            await erin.post("/v1/fields", json=body), 409, "field-already-declared", field="name"
        )

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": "Größe"}, "name"),
            ({"label": {"en": "x"}}, "label.zh"),
            ({"type": "money"}, "type"),
            ({"type": "choice"}, "choices"),
            ({"choices": ["a"]}, "choices"),
        ],
    )
    async def test_what_is_no_declaration_is_refused(
        self, house: House, wrong: Json, field: str
    ) -> None:
        answer = await house.client("erin").post("/v1/fields", json=a_field(**wrong))
        problem = assert_problem(answer, 422, "invalid-input", field=field)
        assert "openapi" not in problem["fix"]


class TestChangeField:
    async def test_a_field_lives_change_retire_reinstate(self, house: House) -> None:
        erin = house.client("erin")
        field = await declare(erin)
        other = await declare(erin)
        path = f"/v1/fields/{field['name']}"
        stale = if_match(field["version"])
        answer = await erin.post(f"{path}/change", json={"required": True}, headers=stale)
        changed = read(answer)
        assert changed == field | {"required": True, "version": other["version"] + 1}
        problem = assert_problem(
            await erin.post(f"{path}/retire", headers=stale), 412, "version-conflict",
            field="If-Match",
        )  # fmt: skip
        assert problem["current_version"] == changed["version"]
        retired = read(await erin.post(f"{path}/retire", headers=if_match(changed["version"])))
        assert retired["retired"] is True
        back = await erin.post(f"{path}/reinstate", headers=if_match(retired["version"]))
        assert read(back) == changed | {"version": retired["version"] + 1}
        same = await erin.post(f"{path}/reinstate", headers=if_match(read(back)["version"]))
        assert (same.status_code, read(same)) == (200, read(back))

    @pytest.mark.parametrize("verb", ["change", "retire", "reinstate"])
    async def test_what_is_not_there_is_not_changed(self, house: House, verb: str) -> None:
        erin, path = house.client("erin"), f"/v1/fields/%00/{verb}"
        answer = await erin.post(path, json={}, headers=if_match(1))
        assert_problem(answer, 404, "field-not-found", field="name")
        field = await declare(erin)
        answer = await erin.post(f"/v1/fields/{field['name']}/{verb}", json={})
        assert_problem(answer, 428, "version-required", field="If-Match")
        assert_not_permitted(await house.client("alice").post(path, json={}, headers=if_match(1)))


class TestDeclarations:
    async def test_a_field_declared_a_moment_ago_is_known(self, house: House) -> None:
        known = FieldDeclarations(house.store, house.clock)
        with pytest.raises(SeveralFieldsError):
            await known.check({"nothing": "x"}, registering=False)
        field = await declare(house.client("erin"))
        given = {field["name"]: " x "}
        assert await known.check(given, registering=False) == {field["name"]: "x"}

    async def test_a_list_is_filtered_by_a_field_declared_a_moment_ago(self, house: House) -> None:
        alice = house.client("alice")
        answer = await alice.get("/v1/customers?custom.nothing=x")
        assert_problem(answer, 422, "invalid-input", field="custom.nothing")
        field = await declare(house.client("erin"))
        assert read(await alice.get(f"/v1/customers?custom.{field['name']}=x"))["items"] == []

    async def test_a_refused_filter_tells_neither_fields_nor_choices(self, house: House) -> None:
        erin, alice = house.client("erin"), house.client("alice")
        field = await declare(erin, type="choice", choices=["platinum", "tin"])
        for name in (field["name"], "nothing"):
            answer = await alice.get(f"/v1/customers?custom.{name}=gold")
            problem = assert_problem(answer, 422, "invalid-input", field=f"custom.{name}")
            assert "GET /v1/fields" in problem["fix"]
            assert "platinum" not in answer.text
            assert name == field["name"] or field["name"] not in answer.text

    async def test_declarations_are_read_again_after_a_second(self, house: House) -> None:
        known = FieldDeclarations(house.store, house.clock)
        before = await known.read()
        field = await declare(house.client("erin"))
        house.clock.turn(seconds=2)
        assert (await known.read()).keys() - before.keys() == {field["name"]}
