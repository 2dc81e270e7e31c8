"""GET /v1/customers: pages by name, found by text."""

from urllib.parse import quote

import pytest

from tests.customers.api.asking import (
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    names_of,
    read,
    register,
    rename,
    row_of,
)
from tests.ground.house import House

PATH = "/v1/customers"


async def known(house: House, *names: str) -> None:
    """Register people with these names and wait until the directory has them."""
    for name in names:
        await register(house.client("alice"), name)
    await house.caught_up()


class TestListCustomers:
    async def test_nobody_lists_customers_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().get(PATH))

    @pytest.mark.parametrize("person", ["oscar", "customers"])
    async def test_who_may_not_read_customers_lists_none(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).get(PATH))

    async def test_where_nothing_matches_the_page_is_empty(self, house: House) -> None:
        answer = await house.client("alice").get(PATH, params={"q": "nobody is called this"})
        assert read(answer) == {"items": [], "next_page_token": None}

    @pytest.mark.parametrize("size", ["", "-1", "ten", "1.5", "9" * 10, "%D9%A1", "0x10", "NaN"])
    async def test_what_is_no_page_size_is_refused(self, house: House, size: str) -> None:
        answer = await house.client("alice").get(f"{PATH}?page_size={size}")
        assert_problem(answer, 422, "invalid-input", field="page_size")

    @pytest.mark.parametrize("text", ["%00", "a%00b", "a%0Ab", "%7F", "%1B[2J"])
    async def test_a_text_that_no_name_can_hold_is_refused(self, house: House, text: str) -> None:
        answer = await house.client("alice").get(f"{PATH}?q={text}")
        assert_problem(answer, 422, "invalid-input", field="q")

    async def test_a_text_longer_than_allowed_is_refused(self, house: House) -> None:
        alice = house.client("alice")
        assert names_of(await alice.get(PATH, params={"q": "x" * 200})) == []
        answer = await alice.get(PATH, params={"q": "x" * 201})
        assert_problem(answer, 422, "invalid-input", field="q")

    @pytest.mark.parametrize("token", ["x", "%00", "AAAA", "A" * 5000, "%E2%82%AC", "=", "../.."])
    async def test_what_is_no_page_token_is_refused(self, house: House, token: str) -> None:
        answer = await house.client("alice").get(f"{PATH}?page_token={token}")
        assert_problem(answer, 422, "page-token-refused", field="page_token")

    async def test_a_page_token_that_was_changed_is_refused(self, house: House) -> None:
        await known(house, "Changed One", "Changed Two")
        alice = house.client("alice")
        page = read(await alice.get(PATH, params={"q": "changed", "page_size": 1}))
        token = page["next_page_token"]
        for place in (0, len(token) // 2, len(token) - 2):
            other = "A" if token[place] != "A" else "B"
            changed = token[:place] + other + token[place + 1 :]
            answer = await alice.get(PATH, params={"q": "changed", "page_token": changed})
            assert_problem(answer, 422, "page-token-refused", field="page_token")

    async def test_a_page_token_of_another_query_is_refused(self, house: House) -> None:
        await known(house, "Another One", "Another Two")
        alice = house.client("alice")
        page = read(await alice.get(PATH, params={"q": "another", "page_size": 1}))
        token = page["next_page_token"]
        for other in ({}, {"q": "one"}, {"q": "another one"}):
            answer = await alice.get(PATH, params={**other, "page_token": token})
            assert_problem(answer, 422, "page-token-of-another-query", field="page_token")

    async def test_a_page_token_names_nobody(self, house: House) -> None:
        await known(house, "Secretive One", "Secretive Two")
        alice = house.client("alice")
        page = read(await alice.get(PATH, params={"q": "secretive", "page_size": 1}))
        again = read(await alice.get(PATH, params={"q": "secretive", "page_size": 1}))
        # Sealed anew each time: two people at the same place cannot be told to be.
        assert page["next_page_token"] != again["next_page_token"]

    @pytest.mark.parametrize(
        "person", ["alice", "bob", "carol", "dave", "erin", "petra", "billing"]
    )
    async def test_who_may_read_customers_lists_them(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"), f"Ada of {person}", "ada@work.example")
        await house.caught_up()
        page = read(await house.client(person).get(PATH, params={"q": f"of {person}"}))
        assert page == {"items": [row_of(ada)], "next_page_token": None}

    async def test_customers_are_listed_by_name_whatever_its_case(self, house: House) -> None:
        await known(house, "sorted b", "SORTED A", "Sorted C")
        answer = await house.client("alice").get(PATH, params={"q": "sorted"})
        assert names_of(answer) == ["SORTED A", "sorted b", "Sorted C"]

    async def test_a_text_is_found_anywhere_in_a_name_or_an_address(self, house: House) -> None:
        alice = house.client("alice")
        await register(alice, "Grace Hopper", "amazing@navy.example")
        await house.caught_up()
        for text in ("grace", "HOPPER", "ace hop", "amazing@", "NAVY.example", " hopper "):
            assert names_of(await alice.get(PATH, params={"q": text})) == ["Grace Hopper"]

    async def test_a_text_does_not_reach_from_the_name_into_an_address(self, house: House) -> None:
        alice = house.client("alice")
        await register(alice, "Edge", "case@work.example")
        await house.caught_up()
        assert names_of(await alice.get(PATH, params={"q": "edgecase"})) == []

    async def test_signs_that_mean_something_to_sql_are_just_text(self, house: House) -> None:
        names = ["100% sure", "100_ sure", "100\\ sure", "100/ sure", "100' sure", '100" sure']
        await known(house, *names)
        alice = house.client("alice")
        for name in names:
            assert names_of(await alice.get(PATH, params={"q": name})) == [name]

    @pytest.mark.parametrize("given", ["0", "1", "000000001"])
    async def test_a_page_has_at_least_one_customer(self, house: House, given: str) -> None:
        await known(house, "Least One", "Least Two")
        answer = await house.client("alice").get(f"{PATH}?q=least&page_size={given}")
        assert names_of(answer) == ["Least One"]

    async def test_a_changed_customer_is_listed_as_it_is_now(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Formerly Ada", "ada@work.example")
        changed = await rename(alice, ada, "Nowadays Ada")
        await house.caught_up()
        assert names_of(await alice.get(PATH, params={"q": "formerly"})) == []
        page = read(await alice.get(PATH, params={"q": "nowadays"}))
        assert page["items"] == [row_of(changed)]

    async def test_the_last_page_says_that_it_is_the_last(self, house: House) -> None:
        await known(house, "Last 1", "Last 2")
        alice = house.client("alice")
        page = read(await alice.get(f"{PATH}?q=last&page_size=2"))
        assert page["next_page_token"] is None
        assert len(page["items"]) == 2

    async def test_a_search_does_not_care_how_letters_are_put_together(self, house: House) -> None:
        composed, decomposed = "Jos\u00e9 Composed", "Rene\u0301 Decomposed"
        await known(house, composed, decomposed)
        alice = house.client("alice")
        for text in ("Jos\u00e9 comp", "Jose\u0301 comp"):
            assert names_of(await alice.get(f"{PATH}?q={quote(text)}")) == [composed]
        for text in ("Ren\u00e9 decomp", "Rene\u0301 decomp"):
            assert len(names_of(await alice.get(f"{PATH}?q={quote(text)}"))) == 1
