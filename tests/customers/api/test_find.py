"""GET /v1/customers with filters and a text: what may be asked, and what the answer says."""

import pytest

from tests.customers.api.asking import assert_problem, if_match, names_of, read, register
from tests.ground.house import House

PATH = "/v1/customers"


class TestFindCustomers:
    @pytest.mark.parametrize(
        ("name", "given", "allowed"),
        [
            ("stage", "gold", "lead, prospect, active, dormant, closed"),
            ("kind", "robot", "person, organisation"),
            ("archived", "maybe", "false, true, any"),
            ("sort", "age", "name, -name, changed_at"),
            ("owner", "bob", "a UUID"),
            ("organisation", "Works", "a UUID"),
            ("country", "Germany", "two letters"),
            ("tag", "", "leave it out"),
            ("custom.size", "big", "GET /v1/fields"),
            ("nmae", "Ada", "tag, custom.NAME"),
        ],
    )
    async def test_what_cannot_be_asked_is_told_with_what_can(
        self, house: House, name: str, given: str, allowed: str
    ) -> None:
        answer = await house.client("alice").get(PATH, params={name: given})
        problem = assert_problem(answer, 422, "invalid-input", field=name)
        assert allowed in problem["fix"]

    async def test_an_organisation_has_its_people(self, house: House) -> None:
        alice = house.client("alice")
        body = {"kind": "organisation", "name": "Works"}
        works, other = [read(await alice.post(PATH, json=body)) for _ in range(2)]
        people = [await register(alice, name) for name in ("Ada", "Bea", "Cleo")]
        for person, where in zip(people[:2], (works, other), strict=True):
            answer = await alice.post(
                f"{PATH}/{person['id']}/links",
                json={"organisation_id": where["id"], "role": "head", "until": "2020-01-01"},
                headers=if_match(1),
            )
            assert answer.status_code == 200, answer.text
        await house.caught_up()
        assert names_of(await alice.get(PATH, params={"organisation": works["id"]})) == ["Ada"]

    async def test_a_hit_says_why_and_a_page_of_no_text_does_not(self, house: House) -> None:
        alice = house.client("alice")
        await register(alice, "Charles Babbage")
        await house.caught_up()
        (found,) = read(await alice.get(PATH, params={"q": "babbagge"}))["items"]
        assert found["matched"] == [{"field": "name", "how": "misspelt"}]
        page = read(await alice.get(PATH))
        assert "matched" not in page["items"][0]
        assert "refine" not in page

    async def test_a_page_token_holds_for_the_same_filters_only(self, house: House) -> None:
        alice = house.client("alice")
        for name in ("Tokens One", "Tokens Two"):
            await register(alice, name)
        await house.caught_up()
        query = {"q": "tokens", "kind": "person", "page_size": "1"}
        token = read(await alice.get(PATH, params=query))["next_page_token"]
        second = await alice.get(PATH, params={**query, "page_token": token})
        assert names_of(second) == ["Tokens Two"]
        for other in ({"stage": "lead"}, {"sort": "-name"}, {"archived": "any"}):
            answer = await alice.get(PATH, params={**query, **other, "page_token": token})
            assert_problem(answer, 422, "page-token-of-another-query", field="page_token")
