"""A page token says where the next page begins, to us alone; a query says what is wanted."""

import base64
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import pytest
from starlette.requests import Request

from shared.errors import InvalidInputError, NotFoundError
from shared.web.field_problems import NO_TIME, NO_ZONE
from shared.web.pages import PageTokens, page_size
from shared.web.queries import moment, path_id, text, whole_number

KEY = bytes(range(32))
PLACE = ["ada lovelace", "018f0000-0000-7000-8000-000000000001"]
QUERY = "list_customers?q=ada"


def with_query(**query: str) -> Request:
    return Request({"type": "http", "headers": [], "query_string": urlencode(query).encode()})


def refusal(token: str, query: str = QUERY, key: bytes = KEY) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        PageTokens(key).open(token, query)
    assert refused.value.field == "page_token"
    return refused.value


def test_the_next_page_begins_where_the_last_one_ended() -> None:
    tokens = PageTokens(KEY)
    token = tokens.seal(PLACE, QUERY)
    assert tokens.open(token, QUERY) == PLACE
    assert tokens.of_request(with_query(page_token=token), QUERY) == PLACE
    assert PageTokens(KEY).open(token, QUERY) == PLACE, "another process of the service reads it"


def test_the_first_page_needs_no_token() -> None:
    assert PageTokens(KEY).of_request(with_query(), QUERY) is None
    assert PageTokens(KEY).of_request(with_query(page_token=""), QUERY) is None


def test_a_token_shows_nobody_the_name_that_it_holds() -> None:
    token = PageTokens(KEY).seal(PLACE, QUERY)
    sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"ada" not in sealed
    assert token != PageTokens(KEY).seal(PLACE, QUERY), "not even that two are the same"
    assert token.isascii()
    assert urlencode({"t": token}) == f"t={token}", "it can stand in an address as it is"


def test_a_token_of_another_query_is_refused_clearly() -> None:
    token = PageTokens(KEY).seal(PLACE, QUERY)
    assert refusal(token, "list_customers?q=bob").problem_code == "page-token-of-another-query"


def test_a_token_that_was_changed_is_refused() -> None:
    token = PageTokens(KEY).seal(PLACE, QUERY)
    for at in range(len(token)):
        other = "A" if token[at] != "A" else "B"
        try:
            place = PageTokens(KEY).open(token[:at] + other + token[at + 1 :], QUERY)
        except InvalidInputError:
            continue
        # The last character's spare bits may differ without a byte being another.
        assert at == len(token) - 1
        assert place == PLACE


@pytest.mark.parametrize("token", ["x", "ada", "A" * 40, "A" * 100_000, "ümlaut", "=====", "a\x00"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refusal(token).problem_code == "page-token-refused"


def test_a_token_of_another_service_is_refused() -> None:
    token = PageTokens(bytes(32)).seal(PLACE, QUERY)
    assert refusal(token).problem_code == "page-token-refused"


@pytest.mark.parametrize(
    ("given", "size"), [("1", 1), ("200", 200), ("0", 1), ("201", 200), ("999999999", 200)]
)
def test_the_page_size_is_clamped_and_not_refused(given: str, size: int) -> None:
    assert page_size(with_query(page_size=given)) == size


def test_a_page_has_fifty_items_unless_said() -> None:
    assert page_size(with_query()) == 50


@pytest.mark.parametrize("given", ["", "ten", "-1", "1.5", "\u0661", "9" * 10])
def test_a_page_size_that_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        page_size(with_query(page_size=given))
    assert refused.value.field == "page_size"


def test_a_number_of_the_query_is_read_or_refused() -> None:
    assert whole_number(with_query(version="7"), "version") == 7
    assert whole_number(with_query(), "version") is None
    for given in ("0", "-1", "seven", "1" * 19, "", "\u0667"):
        with pytest.raises(InvalidInputError) as refused:
            whole_number(with_query(version=given), "version", at_least=1)
        assert refused.value.field == "version"
        assert refused.value.fix is not None


def test_a_time_of_the_query_is_in_utc() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for given in ("2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T13:00:00 01:00"):
        assert moment(with_query(as_of=given), "as_of") == noon
    assert moment(with_query(), "as_of") is None


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("", "is not a time"), ("noon", "is not a time"), ("2026-01-31", "is not a time"),
        ("0001-01-01T00:00:00+14:00", "is not a time"),
        ("2026-01-31T12:00:00", "says no time zone"), ("2026-01-31t12:00", "says no time zone"),
    ],
)  # fmt: skip
def test_a_time_without_its_zone_is_refused_with_what_is_missing(given: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        moment(with_query(as_of=given), "as_of")
    assert refused.value.field == "as_of"
    assert str(refused.value) == f"as_of {problem}."
    assert refused.value.fix == (NO_ZONE if problem == NO_ZONE[0] else NO_TIME)[1]


def test_a_text_of_the_query_is_trimmed_and_bounded() -> None:
    assert text(with_query(q="  王伟 "), "q", at_most=5) == "王伟"
    assert text(with_query(q="王\u3000伟"), "q", at_most=5) == "王\u3000伟"
    assert text(with_query(q="  "), "q", at_most=5) is None
    assert text(with_query(), "q", at_most=5) is None
    for given in ("adaada", "a\x00b", "a\nb"):
        with pytest.raises(InvalidInputError) as refused:
            text(with_query(q=given), "q", at_most=5)
        assert given not in f"{refused.value.detail}{refused.value.fix}"


def test_what_is_no_id_names_nothing() -> None:
    request = Request({"type": "http", "path_params": {"customer_id": PLACE[1], "other": "ada"}})
    assert path_id(request, "customer_id") == UUID(PLACE[1])
    with pytest.raises(NotFoundError) as nothing:
        path_id(request, "other")
    assert nothing.value.field == "other"
