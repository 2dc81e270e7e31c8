"""Request headers mean what their RFC says, and one that cannot be read is said, not guessed."""

from collections.abc import Callable

import pytest
from starlette.requests import Request

from shared.errors import InvalidInputError, VersionRequiredError
from shared.web.headers import idempotency_key, waiting_seconds
from shared.web.versions import etag, version_of_if_match


def with_header(name: str, *values: str) -> Request:
    headers = [(name.lower().encode(), value.encode("latin-1")) for value in values]
    return Request({"type": "http", "headers": headers})


def refused(read: Callable[[Request], object], request: Request) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as error:
        read(request)
    assert error.value.field
    assert error.value.fix
    return error.value


@pytest.mark.parametrize(
    ("preferences", "seconds"),
    [
        ([], 1.0),
        (["wait=5"], 5.0),
        (["wait=0"], 0.0),
        (["wait=0.25"], 0.25),
        (["Wait = 5"], 5.0),
        (['wait="5"'], 5.0),
        (["wait=5; foo=bar"], 5.0),
        (["respond-async, wait=10"], 10.0),
        (["respond-async", "wait=10"], 10.0),
        (["wait=100"], 30.0),
        (["wait=5, wait=9"], 5.0),
        (["return=minimal"], 1.0),
        (["waiting=7"], 1.0),
        ([""], 1.0),
    ],
)
def test_a_read_waits_as_long_as_its_caller_lets_it(preferences: list[str], seconds: float) -> None:
    assert waiting_seconds(with_header("Prefer", *preferences)) == seconds


@pytest.mark.parametrize("preference", ["wait", "wait=", "wait=soon", "wait=-1", "wait=1e3"])
def test_a_time_that_is_no_number_is_refused(preference: str) -> None:
    assert refused(waiting_seconds, with_header("Prefer", preference)).field == "Prefer"


@pytest.mark.parametrize(
    ("given", "key"),
    [("k-1", "k-1"), ('"k-1"', "k-1"), ("x" * 200, "x" * 200), ('"', '"'), ("!~", "!~")],
)
def test_an_idempotency_key_is_taken_as_it_is(given: str, key: str) -> None:
    assert idempotency_key(with_header("Idempotency-Key", given)) == key


def test_an_idempotency_key_is_not_required() -> None:
    assert idempotency_key(with_header("Other", "x")) is None


@pytest.mark.parametrize("given", ["", '""', "a b", "x" * 201, "schlüssel", "a\tb"])
def test_an_idempotency_key_must_be_one_visible_word(given: str) -> None:
    refused(idempotency_key, with_header("Idempotency-Key", given))


def test_two_idempotency_keys_are_none() -> None:
    refused(idempotency_key, with_header("Idempotency-Key", "a", "b"))


@pytest.mark.parametrize("version", [1, 7, 999_999_999_999_999_999])
def test_the_etag_that_was_read_says_the_version(version: int) -> None:
    assert version_of_if_match(with_header("If-Match", etag(version))) == version
    assert etag(version) == f'"{version}"'


@pytest.mark.parametrize("values", [[], [""], [" "]])
def test_a_change_must_say_which_version_was_read(values: list[str]) -> None:
    with pytest.raises(VersionRequiredError) as error:
        version_of_if_match(with_header("If-Match", *values))
    assert error.value.fix is not None
    assert 'If-Match: "7"' in error.value.fix


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("*", "would overwrite"),
        ('W/"7"', "weak ETag"),
        ('"7", "8"', "Several ETags"),
        ("7", "not an ETag"),
        ('"0"', "not an ETag"),
        ('"07"', "not an ETag"),
        ('"-1"', "not an ETag"),
        ('"abc"', "not an ETag"),
        ('"1234567890123456789"', "not an ETag"),
    ],
)
def test_an_if_match_that_names_no_version_is_explained(given: str, sentence: str) -> None:
    assert sentence in refused(version_of_if_match, with_header("If-Match", given)).detail


def test_two_if_match_headers_are_several_etags() -> None:
    two = with_header("If-Match", '"7"', '"8"')
    assert "Several" in refused(version_of_if_match, two).detail
