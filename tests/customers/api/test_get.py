"""GET /v1/customers/{id}: now, at a version, as of a time."""

from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
    register,
    rename,
)
from tests.ground.house import House

READERS = ["alice", "bob", "carol", "dave", "erin", "petra", "billing"]


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}"


async def renamed_ada(house: House) -> tuple[Json, Json, datetime, datetime]:
    """Register Ada, rename her a minute later; return both and when each was stored."""
    alice = house.client("alice")
    first = await register(alice, "Ada Lovelace", "ada@work.example")
    house.clock.turn(60)
    second = await rename(alice, first, "Ada King")
    steps = await house.reader.history(first["id"])
    registered_at, renamed_at = (step.recorded.recorded_at for step in steps)
    return first, second, registered_at, renamed_at


class TestGetCustomer:
    async def test_nobody_reads_without_signing_in(self, house: House) -> None:
        ada = await register(house.client("alice"))
        assert_not_signed_in(await house.anonymous().get(path_of(ada)))

    @pytest.mark.parametrize("person", ["oscar", "customers"])
    async def test_who_may_not_read_customers_does_not(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"))
        assert_not_permitted(await house.client(person).get(path_of(ada)))

    async def test_who_may_not_read_does_not_learn_whether_somebody_is_there(
        self, house: House
    ) -> None:
        assert_not_permitted(await house.client("oscar").get(f"/v1/customers/{NOBODY}"))

    async def test_who_is_not_there_is_not_found(self, house: House) -> None:
        answer = await house.client("alice").get(f"/v1/customers/{NOBODY}")
        assert_problem(answer, 404, "customer-not-found")

    @pytest.mark.parametrize("given", ["ada", "1", "%00", "..%2F..%2Fetc", "{id}", "%F0%9F%98%80"])
    async def test_what_is_no_id_names_nobody(self, house: House, given: str) -> None:
        answer = await house.client("alice").get(f"/v1/customers/{given}")
        assert answer.status_code == 404
        assert answer.json()["fix"]

    async def test_a_version_that_is_not_there_is_not_found(self, house: House) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"{path_of(ada)}?version=2")
        problem = assert_problem(answer, 404, "version-not-found", field="version")
        assert "1" in problem["fix"]

    async def test_before_the_registration_there_was_nobody(self, house: House) -> None:
        first, _, registered_at, _ = await renamed_ada(house)
        before = quote((registered_at - timedelta(microseconds=1)).isoformat())
        answer = await house.client("alice").get(f"{path_of(first)}?as_of={before}")
        assert_problem(answer, 404, "customer-not-found", field="as_of")

    @pytest.mark.parametrize(
        "given", ["0", "-1", "1.5", "one", "", "1e3", "%D9%A1", "9" * 19, "0x1", "+1", "%201"]
    )
    async def test_what_is_no_version_is_refused(self, house: House, given: str) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"{path_of(ada)}?version={given}")
        assert_problem(answer, 422, "invalid-input", field="version")

    async def test_the_largest_number_is_just_a_version_that_is_not_there(
        self, house: House
    ) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"{path_of(ada)}?version={'9' * 18}")
        assert_problem(answer, 404, "version-not-found", field="version")

    @pytest.mark.parametrize(
        "given",
        ["", "yesterday", "2026-03-04", "2026-03-04T12:00:00", "2026-02-30T12:00:00Z", "1772625600",
         "2026-03-04T12:00:00%00Z", "2026-03-04T12:00:00X%2B00:00", "2026-W10-3T12:00:00Z",
         "0001-01-01T00:00:00%2B12:00", "9999-12-31T23:59:59-12:00"],
    )  # fmt: skip
    async def test_what_is_no_time_with_its_zone_is_refused(self, house: House, given: str) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"{path_of(ada)}?as_of={given}")
        assert_problem(answer, 422, "invalid-input", field="as_of")

    async def test_a_version_and_a_time_together_are_refused(self, house: House) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(
            f"{path_of(ada)}?version=1&as_of=2026-03-04T12:00:00Z"
        )
        assert_problem(answer, 422, "invalid-input", field="as_of")

    @pytest.mark.parametrize("person", READERS)
    async def test_who_may_read_customers_reads_what_was_registered(
        self, house: House, person: str
    ) -> None:
        ada = await register(house.client("alice"), "Ada Lovelace", "ada@work.example")
        answer = await house.client(person).get(path_of(ada))
        assert read(answer) == ada
        assert answer.headers["ETag"] == '"1"'
        assert answer.headers["cache-control"] == "no-store"

    async def test_an_id_may_be_written_in_capitals(self, house: House) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(f"/v1/customers/{ada['id'].upper()}")
        assert read(answer) == ada

    async def test_every_version_can_be_read_as_it_was(self, house: House) -> None:
        first, second, _, _ = await renamed_ada(house)
        alice = house.client("alice")
        for version, expected in ((1, first), (2, second)):
            answer = await alice.get(f"{path_of(first)}?version={version}")
            assert read(answer) == expected
            assert answer.headers["ETag"] == f'"{version}"'

    async def test_every_moment_can_be_read_as_it_was(self, house: House) -> None:
        first, second, registered_at, renamed_at = await renamed_ada(house)
        just_before = renamed_at - timedelta(microseconds=1)
        expected = [
            (registered_at, first),
            (just_before, first),
            (renamed_at, second),
            (renamed_at + timedelta(days=3650), second),
        ]
        for moment, customer in expected:
            answer = await house.client("alice").get(
                path_of(first), params={"as_of": moment.isoformat()}
            )
            assert read(answer) == customer

    async def test_a_moment_may_be_told_in_any_zone_and_with_a_plus_sign_as_it_is(
        self, house: House
    ) -> None:
        first, _, registered_at, _ = await renamed_ada(house)
        in_india = registered_at.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
        in_peru = registered_at.astimezone(timezone(timedelta(hours=-5))).isoformat()
        in_zulu = registered_at.isoformat().replace("+00:00", "Z")
        assert "+" in in_india
        for given in (in_india, quote(in_india), in_peru, in_zulu):
            answer = await house.client("alice").get(f"{path_of(first)}?as_of={given}")
            assert read(answer) == first
