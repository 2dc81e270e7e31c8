"""GET /v1/subject-keys/{kid}: how another team opens what is personal."""

from base64 import urlsafe_b64decode
from uuid import UUID, uuid4

import orjson
import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from services.customers.storage.codec import CODEC
from shared.security.subject_keys import Owned
from tests.customers.api.asking import (
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
    register,
)
from tests.ground.house import House

JOSE = jwe.JWERegistry(algorithms=["dir", "A256GCM"], strict_check_header=False)
UNKNOWN = "/v1/subject-keys/00000000-0000-4000-8000-00000000dead"


async def sealed_event(house: House) -> tuple[str, str, UUID]:
    """Register somebody; return the reference of their key, their JWE and its event's id."""
    ada = await register(house.client("alice"), "Ada", "ada@work.example")
    event = (await house.store.load(f"customer-{ada['id']}"))[0]
    return CODEC.subject_of(event) or "", orjson.loads(event.data)["personal"], event.event_id


class TestGetSubjectKey:
    async def test_nobody_gets_a_key_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().get(UNKNOWN))

    @pytest.mark.parametrize(
        "person", ["alice", "bob", "carol", "dave", "erin", "oscar", "petra", "customers"]
    )
    async def test_only_a_subscriber_gets_keys(self, house: House, person: str) -> None:
        kid, _, _ = await sealed_event(house)
        assert_not_permitted(await house.client(person).get(f"/v1/subject-keys/{kid}"))

    async def test_a_key_that_never_was_is_not_found(self, house: House) -> None:
        answer = await house.client("billing").get(UNKNOWN)
        assert_problem(answer, 404, "subject-key-unknown", field="kid")

    @pytest.mark.parametrize("kid", ["x", "%00", "a%00b", "%F0%9F%98%80", "x" * 5000, "%25", "*"])
    async def test_what_is_no_reference_is_not_found(self, house: House, kid: str) -> None:
        answer = await house.client("billing").get(f"/v1/subject-keys/{kid}")
        assert_problem(answer, 404, "subject-key-unknown", field="kid")

    @pytest.mark.parametrize("what", ["file", "view"])
    async def test_what_is_no_subject_has_a_key_that_nobody_is_given(
        self, house: House, what: Owned
    ) -> None:
        key = await house.keys.make_for(what, uuid4())
        answer = await house.client("billing").get(f"/v1/subject-keys/{key.kid}")
        assert_problem(answer, 404, "subject-key-unknown", field="kid")

    async def test_a_saved_views_key_is_one_of_these(self, house: House) -> None:
        alice = house.client("alice")
        body = {"name": "Prospects", "query": {"q": "Ada Secret"}}
        view = read(await alice.post("/v1/views", json=body))
        event = (await house.store.load(f"view-{view['id']}"))[0]
        assert CODEC.subject_of(event) == f"view-{view['id']}"

    async def test_a_destroyed_key_is_gone_and_the_reader_told_to_forget(
        self, house: House
    ) -> None:
        kid, _, _ = await sealed_event(house)
        await house.keys.destroy([kid])
        answer = await house.client("billing").get(f"/v1/subject-keys/{kid}")
        problem = assert_problem(answer, 410, "subject-key-destroyed")
        assert problem["who_can_help"] == "data protection"

    async def test_a_subscriber_opens_the_personal_fields_with_a_standard_library(
        self, house: House
    ) -> None:
        kid, sealed, event_id = await sealed_event(house)
        answer = await house.client("billing").get(f"/v1/subject-keys/{kid}")
        jwk = read(answer)
        assert answer.headers["cache-control"] == "no-store"
        assert {name: jwk[name] for name in ("kty", "kid", "alg", "use")} == {
            "kty": "oct", "kid": kid, "alg": "A256GCM", "use": "enc",
        }  # fmt: skip
        assert len(urlsafe_b64decode(jwk["k"] + "=")) == 32
        opened = jwe.decrypt_compact(sealed, OctKey.import_key(jwk), registry=JOSE)
        assert orjson.loads(opened.plaintext or b"")["name"] == "Ada"
        assert opened.protected["eid"] == str(event_id)
