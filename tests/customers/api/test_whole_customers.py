"""A whole customer over HTTP: registered in one event, changed by explicit commands."""

from collections.abc import Sequence

import httpx
import pytest

from shared.authorization.people import DEMO_PEOPLE
from tests.customers.api.asking import NOBODY, Json, assert_problem, if_match, read, register
from tests.ground.house import House

PATH = "/v1/customers"
ALICE = DEMO_PEOPLE["alice"].subject
WHOLE: Json = {
    "kind": "person",
    "name": "Ada Lovelace",
    "emails": [
        "ada@home.example",
        {"address": "ada@work.example", "type": "work", "primary": True},
    ],
    "phones": ["+49 30 123456", {"number": "0171 1234567", "country": "DE", "type": "mobile"}],
    "addresses": [{"street": "Am Markt 2", "city": "Jena", "country": "Germany"}],
    "tags": ["VIP", "fair 2026"],
    "stage": "prospect",
    "owner": ALICE,
    "custom": {"seats": 12, "newsletter": True},
}


async def declare_fields(house: House) -> None:
    for name, kind in (("seats", "number"), ("newsletter", "boolean")):
        body = {"name": name, "label": {"en": name, "zh": name}, "type": kind,
            "sensitivity": "internal"}  # fmt: skip
        answer = await house.client("erin").post("/v1/fields", json=body)
        assert answer.status_code in {201, 409}, answer.text


async def change(
    house: House, customer: Json, path: str, body: Json | None, *, method: str = "POST"
) -> httpx.Response:
    return await house.client("alice").request(
        method,
        f"{PATH}/{customer['id']}/{path}",
        json=body,
        headers=if_match(customer["version"]),
    )


class TestRegistering:
    async def test_everything_at_once_is_one_event(self, house: House) -> None:
        await declare_fields(house)
        answer = await house.client("alice").post(PATH, json=WHOLE)
        assert answer.status_code == 201, answer.text
        ada = read(answer)
        assert ada["version"] == 1
        assert [email["address"] for email in ada["emails"]] == [
            "ada@work.example",
            "ada@home.example",
        ]
        assert ada["primary_email"] == ada["emails"][0]["id"]
        assert [(phone["given"], phone["number"]) for phone in ada["phones"]] == [
            ("+49 30 123456", "+4930123456"),
            ("0171 1234567", "+491711234567"),
        ]
        assert ada["addresses"][0]["country"] == "DE"
        assert (ada["stage"], ada["owner"], ada["tags"]) == (
            "prospect",
            ALICE,
            ["fair 2026", "VIP"],
        )
        assert ada["custom"] == {"newsletter": True, "seats": "12"}
        assert read(await house.client("alice").get(f"{PATH}/{ada['id']}")) == ada

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"phones": ["030 123456"]}, "phones[0].number"),
            ({"phones": [{"number": "0", "country": "DE"}]}, "phones[0].number"),
            ({"phones": [{"number": "030 1", "country": "Atlantis"}]}, "phones[0].country"),
            ({"addresses": [{}]}, "addresses[0]"),
            ({"addresses": [{"country": "XX"}]}, "addresses[0].country"),
            ({"tags": ["a", "A"]}, "tags"),
            ({"stage": "won"}, "stage"),
            ({"owner": "alice"}, "owner"),
            ({"emails": [{"address": "a@b.example", "primary": True}] * 2}, "emails"),
            ({"custom": {"never declared": 1}}, "custom.never declared"),
            ({"custom": {"undeclared": 1}}, "custom.undeclared"),
            ({"name": "Ada \u202eecalevoL"}, "name"),
            ({"name": "\u200d\u2060"}, "name"),
        ],
    )
    async def test_what_cannot_be_is_named_with_its_fix(
        self, house: House, wrong: Json, field: str
    ) -> None:
        answer = await house.client("alice").post(PATH, json=WHOLE | {"custom": {}} | wrong)
        problem = assert_problem(answer, 422, "invalid-input", field=field)
        assert field in [one["field"] for one in problem["errors"]]
        assert all(one["fix"] for one in problem["errors"])

    @pytest.mark.parametrize(
        "name",
        ["李小龙", "محمد بن سلمان", "José\u0301", "\u0410da", "क्‍ष", "👩‍🔬", "O'Brien \u200e(Ltd)"],
    )
    async def test_a_name_of_any_script_is_kept_as_it_is(self, house: House, name: str) -> None:
        assert (await register(house.client("alice"), name))["name"] == name


CHANGES: Sequence[tuple[str, Json, str, object]] = [
    ("reclassify", {"kind": "organisation"}, "kind", "organisation"),
    ("tags", {"tags": ["b", "a"]}, "tags", ["a", "b"]),
    ("assign", {"owner": ALICE}, "owner", ALICE),
    ("stage", {"stage": "closed"}, "stage", "closed"),
    ("archive", {}, "archived", True),
    ("archive", {"reason": "moved"}, "archived", True),
]


class TestChanging:
    @pytest.mark.parametrize(("path", "body", "field", "after"), CHANGES)
    async def test_each_change_is_an_address_of_its_own(
        self, house: House, path: str, body: Json, field: str, after: object
    ) -> None:
        ada = await register(house.client("alice"))
        answer = await change(house, ada, path, body)
        assert answer.status_code == 200, answer.text
        changed = read(answer)
        assert changed == ada | {field: after, "version": 2}
        assert read(await change(house, changed, "restore", None))["archived"] is False

    async def test_a_phone_is_added_corrected_made_primary_and_taken_away(
        self, house: House
    ) -> None:
        ada = await register(house.client("alice"))
        for number in ("+49 30 123456", "+49 171 1234567"):
            ada = read(await change(house, ada, "phones", {"number": number}))
        desk, mobile = ada["phones"]
        body = {"number": "+49 171 7654321", "type": "mobile", "primary": True}
        ada = read(await change(house, ada, f"phones/{mobile['id']}", body, method="PUT"))
        assert ada["primary_phone"] == mobile["id"]
        assert ada["phones"][1]["number"] == "+491717654321"
        assert ada["version"] == 5
        ada = read(await change(house, ada, f"phones/{mobile['id']}", None, method="DELETE"))
        assert (ada["phones"], ada["primary_phone"]) == ([desk], desk["id"])

    async def test_custom_fields_are_set_and_cleared(self, house: House) -> None:
        await declare_fields(house)
        ada = await register(house.client("alice"))
        ada = read(await change(house, ada, "fields", {"custom": {"seats": "1.50"}}))
        assert ada["custom"] == {"seats": "1.5"}
        answer = await change(house, ada, "fields", {"custom": {"seats": "many"}})
        assert_problem(answer, 422, "invalid-input", field="custom.seats")
        assert read(await change(house, ada, "fields", {"custom": {"seats": None}}))["custom"] == {}

    async def test_a_person_has_a_role_in_an_organisation(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        works = read(await alice.post(PATH, json={"kind": "organisation", "name": "Works"}))
        body = {"organisation_id": works["id"], "role": "Head of purchasing", "since": "2026-01-01"}
        ada = read(await change(house, ada, "links", body))
        link = ada["links"][0]
        assert link == body | {"id": link["id"], "until": None}
        ended = {"role": "Head of purchasing", "since": "2026-01-01", "until": "2026-06-30"}
        ada = read(await change(house, ada, f"links/{link['id']}", ended, method="PUT"))
        assert ada["links"][0]["until"] == "2026-06-30"
        ada = read(await change(house, ada, f"links/{link['id']}", None, method="DELETE"))
        assert ada["links"] == []

    async def test_a_role_is_in_an_organisation_that_is_there(self, house: House) -> None:
        ada, bea = [await register(house.client("alice"), name) for name in ("Ada", "Bea")]
        body = {"organisation_id": bea["id"], "role": "x"}
        answer = await change(house, ada, "links", body)
        assert_problem(answer, 409, "not-an-organisation", field="organisation_id")
        nobody = body | {"organisation_id": str(NOBODY)}
        assert_problem(await change(house, ada, "links", nobody), 404, "customer-not-found")

    async def test_a_note_of_ten_thousand_characters_is_kept_and_removed(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        text = "第一行\n" + "𠀀" * 9_996
        ada = read(await change(house, ada, "notes", {"text": text}))
        ada = read(await change(house, ada, "notes", {"text": "Newest."}))
        notes = read(await alice.get(f"{PATH}/{ada['id']}/notes"))["items"]
        assert [note["text"] for note in notes] == ["Newest.", text]
        assert notes[0]["actor"] == ALICE
        answer = await change(house, ada, "notes", {"text": text + "x"})
        assert_problem(answer, 422, "invalid-input", field="text")
        await change(house, ada, f"notes/{notes[1]['id']}", None, method="DELETE")
        notes = read(await alice.get(f"{PATH}/{ada['id']}/notes"))["items"]
        assert [note["text"] for note in notes] == ["Newest."]

    async def test_a_reason_is_in_the_history(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        await change(house, ada, "archive", {"reason": "Moved abroad."})
        steps = read(await alice.get(f"{PATH}/{ada['id']}/history"))["items"]
        assert steps[1]["reason"] == "Moved abroad."
        assert steps[1]["changes"] == [{"field": "archived", "before": False, "after": True}]


class TestTwoAtOnce:
    async def test_the_second_sees_both_versions_field_by_field(self, house: House) -> None:
        ada = await register(house.client("alice"), "Ada", "ada@work.example")
        read(await change(house, ada, "rename", {"name": "Ada King"}))
        answer = await change(house, ada, "tags", {"tags": ["VIP"]})
        problem = assert_problem(answer, 412, "version-conflict", field="If-Match")
        assert problem["current_version"] == 2
        assert problem["conflicts"] == [
            {"field": "name", "read": "Ada", "now": "Ada King", "yours": "Ada"},
            {"field": "tags", "read": [], "now": [], "yours": ["VIP"]},
        ]
        assert answer.headers["cache-control"] == "no-store"

    async def test_the_same_field_shows_all_three(self, house: House) -> None:
        ada = await register(house.client("alice"), "Ada")
        read(await change(house, ada, "rename", {"name": "Ada King"}))
        answer = await change(house, ada, "rename", {"name": "Ada Byron"})
        assert answer.json()["conflicts"] == [
            {"field": "name", "read": "Ada", "now": "Ada King", "yours": "Ada Byron"}
        ]

    async def test_a_version_that_never_was_shows_nothing(self, house: House) -> None:
        ada = await register(house.client("alice"), "Ada")
        answer = await change(house, ada | {"version": 7}, "rename", {"name": "Ada Byron"})
        problem = assert_problem(answer, 412, "version-conflict", field="If-Match")
        assert "conflicts" not in problem
