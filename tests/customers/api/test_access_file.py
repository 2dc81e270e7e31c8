"""GET /v1/customers/{id}/access-file: everything about one person, and who saw it."""

from html.parser import HTMLParser
from uuid import UUID

import orjson

from shared.testing.waiting import until
from tests.customers.api.asking import (
    NOBODY,
    assert_not_permitted,
    assert_problem,
    if_match,
    read,
    register,
    rename,
)
from tests.ground.house import House

ODD = "<script>alert('Ada')</script> \u05d0\u05d3\u05d4 & 海望"


class Texts(HTMLParser):
    """What a person reads on a page, and which elements it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


async def test_it_holds_every_event_with_what_was_sealed_and_who_saw_the_person(
    house: House,
) -> None:
    alice, carol, petra = (house.client(name) for name in ("alice", "carol", "petra"))
    ada = await rename(alice, await register(alice, "Ada Lovelace", "ada@work.example"), ODD)
    path = f"/v1/customers/{ada['id']}"
    noted = await alice.post(f"{path}/notes", json={"text": "Likes tea"}, headers=if_match(2))
    assert noted.status_code == 200
    await petra.post(f"{path}/holds", json={"reason": "Case 4711"}, headers=if_match(3))
    kid = (await house.reader.load(UUID(ada["id"]))).kid
    await house.client("billing").get(f"/v1/subject-keys/{kid}")
    await carol.get(path)

    async def is_recorded() -> bool:
        file = read(await petra.get(f"{path}/access-file"))
        return "get_customer" in {each["operation"] for each in file["accessed_by"]}

    await until(is_recorded, what="that the access is on record")
    file = read(await petra.get(f"{path}/access-file"))
    assert file["profile"]["name"] == ODD
    assert [event["type"] for event in file["events"]] == [
        "CustomerRegistered", "CustomerRenamed", "CustomerNoteAdded", "LegalHoldPlaced",
    ]  # fmt: skip
    assert file["events"][0]["personal"]["emails"][0]["address"] == "ada@work.example"
    assert file["notes"][0]["text"] == "Likes tea"
    assert file["legal_holds"][0]["reason"] == "Case 4711"
    # This file, too, is on record: the one before is in it.
    assert "get_access_file" in {each["operation"] for each in file["accessed_by"]}
    assert file["copies"][-1] == "consumer:billing"
    assert [given["times"] for given in file["key"]["given_to"]] == [1]
    assert not file["key"]["destroyed"]
    assert file["erasure"] is None

    # After the erasure it says that there was somebody, and nothing else.
    [hold] = read(await petra.get(f"{path}/holds"))["items"]
    await petra.request(
        "DELETE", f"{path}/holds/{hold['id']}", json={"reason": "over"}, headers=if_match(4)
    )
    await petra.post(f"{path}/erasure", json={"reason": "asked-by-the-person"})
    erased = read(await petra.get(f"{path}/access-file"))
    told = orjson.dumps(erased).decode()
    assert not [text for text in (ODD, "Ada", "ada@work", "tea", "4711") if text in told]
    assert erased["key"]["destroyed"]
    assert erased["erasure"]["state"] == "erased"
    assert {event["personal"] for event in erased["events"]} == {None}


async def test_a_person_can_read_it_in_two_languages_and_keep_it(house: House) -> None:
    alice, petra = house.client("alice"), house.client("petra")
    ada = await register(alice, ODD)
    path = f"/v1/customers/{ada['id']}/access-file"
    page = await petra.get(path, headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert page.text.count(ODD) == 0
    seen = Texts(page.text)
    assert {ODD, "您在 Daybook 中的数据"} <= set(seen.texts)
    assert not {"script", "img", "link", "a"} & seen.elements
    assert (await petra.get(f"{path}?format=html")).text.startswith("<!doctype html>")
    assert read(await petra.get(f"{path}?format=json", headers={"Accept": "text/html"}))["profile"]


async def test_only_data_protection_gets_it_and_only_of_somebody_who_is_there(
    house: House,
) -> None:
    ada = await register(house.client("alice"), "Ada")
    path = f"/v1/customers/{ada['id']}/access-file"
    for person in ("alice", "dave", "erin", "billing"):
        assert_not_permitted(await house.client(person).get(path))
    petra = house.client("petra")
    missing = await petra.get(f"/v1/customers/{NOBODY}/access-file")
    assert_problem(missing, 404, "customer-not-found")
    assert_problem(await petra.get(f"{path}?format=pdf"), 422, "invalid-input", field="format")
