"""What people and programs really send: every script, every size, every broken byte."""

from collections.abc import AsyncIterator
from itertools import repeat

import httpx
import orjson
import pytest

from tests.customers.api.asking import ADA, Json, assert_problem, if_match, names_of, read, register
from tests.ground.house import House

PATH = "/v1/customers"
JSON = {"Content-Type": "application/json"}


async def post(house: House, body: Json | bytes) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await house.client("alice").post(PATH, content=content, headers=JSON)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["李小龙", "山田 太郎", "김철수", "Дмитрий Менделеев", "محمد بن موسى", "דָּוִד", "ณัฐพล", "ﷺ",
         "👩‍🔬 Ada", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "Zoë O'Brien-Łukasiewicz", "Ñandú; DROP TABLE customers", "<b>Ada</b>",
         "{{7*7}}", "=1+1", "\\u0041da", "Robert'); --", "NULL", "null", "0", "🤔" * 300],
    )  # fmt: skip
    async def test_a_name_of_any_script_comes_back_as_it_was_given(
        self, house: House, name: str
    ) -> None:
        customer = read(await post(house, {"kind": "person", "name": name}))
        assert customer["name"] == name
        alice = house.client("alice")
        assert read(await alice.get(f"{PATH}/{customer['id']}"))["name"] == name
        history = read(await alice.get(f"{PATH}/{customer['id']}/history"))
        assert history["items"][0]["changes"][1]["after"] == name
        await house.caught_up()
        assert name in names_of(await alice.get(PATH, params={"q": name[:200]}))

    @pytest.mark.parametrize("name", ["\ta b\n", "  a b  ", "\u00a0a b\u3000", "\u2003a b"])
    async def test_spaces_around_a_name_are_not_part_of_it(self, house: House, name: str) -> None:
        assert read(await post(house, {"kind": "person", "name": name}))["name"] == "a b"

    @pytest.mark.parametrize(
        "name",
        ["", " ", "\u3000", "\n", "a\x00b", "a\nb", "a\tb", "a\x1b[31mb", "a\x7fb", "x" * 301],
    )
    async def test_what_cannot_be_a_name_is_refused(self, house: House, name: str) -> None:
        answer = await post(house, {"kind": "person", "name": name})
        problem = assert_problem(answer, 422, "invalid-input", field="name")
        assert problem["errors"][0]["fix"]
        assert "openapi" not in problem["fix"], "say how to mend it"

    @pytest.mark.parametrize(
        "name", [b'"\\ud83d"', b'"\\udc00 a"', b'"\xed\xa0\x80"', b'"\xff\xfe"']
    )
    async def test_half_a_character_is_refused(self, house: House, name: bytes) -> None:
        answer = await post(house, b'{"kind":"person","name":' + name + b"}")
        assert_problem(answer, 422, "invalid-input", field="body")


class TestAddresses:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("Ada@Work.EXAMPLE", "Ada@work.example"),
            ("ada+news@work.example", "ada+news@work.example"),
            ("o'brien@work.example", "o'brien@work.example"),
            ("ada@localhost", "ada@localhost"),
            ("ada@intranet", "ada@intranet"),
            ("ada@mail.corp.local", "ada@mail.corp.local"),
            ("ada@work.test", "ada@work.test"),
            ("ada@xn--bcher-kva.example", "ada@bücher.example"),
            ("jörg@bücher.example", "jörg@bücher.example"),
            ("jo\u0308rg@work.example", "jörg@work.example"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("पता@उदाहरण.भारत", "पता@उदाहरण.भारत"),
        ],
    )
    async def test_an_address_of_any_script_is_kept_in_its_normal_form(
        self, house: House, given: str, kept: str
    ) -> None:
        customer = read(await post(house, ADA | {"emails": [given]}))
        assert customer["emails"][0]["address"] == kept

    @pytest.mark.parametrize(
        "address",
        ["ada", "@work.example", "ada@", "ada@@work.example", "a b@work.example",
         "ada@work..example", "ada@-work.example", "ada@work.example\x00", "ada\n@work.example",
         "ada@[127.0.0.1]", '"a b"@work.example', "Ada <ada@work.example>",
         "\u202eada@work.example", "ada@wo\u200brk.example", "a@" + "b" * 250 + ".example",
         "x" * 100_000],
    )  # fmt: skip
    async def test_what_is_no_address_is_refused_and_not_repeated(
        self, house: House, address: str
    ) -> None:
        answer = await post(house, ADA | {"emails": ["ok@work.example", address]})
        problem = assert_problem(answer, 422, "invalid-input", field="emails[1].address")
        assert problem["errors"][0]["problem"] in {"is not an e-mail address", "is too long"}
        assert len(answer.content) < 2_000
        assert address not in str(problem) or len(address) < 4

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("ada@work.example", "ADA@WORK.EXAMPLE"),
            ("jörg@work.example", "JO\u0308RG@work.example"),
            ("straße@work.example", "STRASSE@work.example"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("ΣΑΣ@work.example", "σας@work.example"),
        ],
    )
    async def test_an_address_is_listed_once_however_it_is_written(
        self, house: House, one: str, other: str
    ) -> None:
        answer = await post(house, ADA | {"emails": [one, other]})
        assert_problem(answer, 409, "email-already-listed", field="emails")
        alice = house.client("alice")
        ada = await register(alice, "Ada", one)
        answer = await alice.post(
            f"{PATH}/{ada['id']}/emails", json={"address": other}, headers=if_match(1)
        )
        assert_problem(answer, 409, "email-already-listed", field="address")


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [b"", b" ", b"{", b"null", b"[]", b'"ada"', b"1", b"true", b"{}{}", b"{'kind': 'person'}",
         b"\xef\xbb\xbf{}", b'{"kind":"person","name":NaN}', b"[" * 10_000, b'{"a":' * 10_000,
         b'{"name":"Ada","kind":"person",}', b"\x00", b"kind=person&name=Ada"],
    )  # fmt: skip
    async def test_what_is_no_json_object_is_refused(self, house: House, body: bytes) -> None:
        answer = await post(house, body)
        assert answer.status_code == 422
        assert answer.json()["field"] in {"body", "name", "kind"}
        assert len(answer.content) < 3_000

    @pytest.mark.parametrize("more", ["id", "version", "erased", "__proto__", "Name", "x" * 10_000])
    async def test_a_member_that_is_not_known_is_told_and_never_ignored(
        self, house: House, more: str
    ) -> None:
        answer = await post(house, ADA | {more: "x"})
        assert_problem(answer, 422, "invalid-input", field=more[:60])
        assert len(answer.content) < 2_000

    async def test_a_body_of_ten_megabytes_is_refused_unread(self, house: House) -> None:
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            for chunk in repeat(b"x" * 65_536, 160):
                sent += len(chunk)
                yield chunk

        alice = house.client("alice")
        answer = await alice.post(PATH, content=body(), headers=JSON)
        assert_problem(answer, 413, "body-too-large", field="body")
        assert sent < 1_000_000

    async def test_a_body_that_says_it_has_ten_megabytes_is_refused(self, house: House) -> None:
        answer = await post(house, b'"' + b"x" * 10_000_000 + b'"')
        assert_problem(answer, 413, "body-too-large", field="body")

    async def test_a_body_in_pieces_is_read_whole(self, house: House) -> None:
        async def body() -> AsyncIterator[bytes]:
            for byte in orjson.dumps(ADA):
                yield bytes([byte])

        answer = await house.client("alice").post(PATH, content=body(), headers=JSON)
        assert answer.status_code == 201

    @pytest.mark.parametrize(
        "said",
        ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json",
         "application/json-patch+json", "multipart/form-data; boundary=x"],
    )  # fmt: skip
    async def test_a_body_must_say_that_it_is_json(self, house: House, said: str) -> None:
        headers = {"Content-Type": said}
        answer = await house.client("alice").post(PATH, content=orjson.dumps(ADA), headers=headers)
        assert_problem(answer, 422, "wrong-content-type", field="Content-Type")

    @pytest.mark.parametrize("said", ["application/json; charset=utf-8", "APPLICATION/JSON"])
    async def test_it_may_say_so_in_any_way_that_http_allows(self, house: House, said: str) -> None:
        headers = {"Content-Type": said}
        answer = await house.client("alice").post(PATH, content=orjson.dumps(ADA), headers=headers)
        assert answer.status_code == 201
