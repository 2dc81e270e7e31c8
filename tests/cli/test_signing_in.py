"""A command reaches a Daybook on any machine, with a token that no command line shows."""

from pathlib import Path

import httpx
import pytest

from tests.cli.stand_in import Json, StandIn, daybook, lines_of

FAR = "https://permissions.example.com"
PERMISSIONS = "DAYBOOK_SERVICE_PERMISSIONS_URL"
POLICY = {"/v1/policy": {"file": "daybook_policy: 1\n", "version": 3}}
PROJECTIONS: dict[str, Json] = {"/v1/projections": {"items": []}}


def test_the_url_that_is_given_is_asked_whichever_service_a_command_is_of() -> None:
    service = StandIn(other=POLICY, valid_tokens={"mine"})
    words = ("permissions", "export", "--url", f"{FAR}/")
    result = daybook(service, *words, environ={"DAYBOOK_TOKEN": "mine"})
    assert result.exit_code == 0, result.output
    (asked,) = service.asked
    assert str(asked.url) == f"{FAR}/v1/policy"
    assert asked.headers["Authorization"] == "Bearer mine"
    assert service.tokens_asked == 0


def test_each_service_is_where_the_environment_says_as_it_is_for_services() -> None:
    service = StandIn(other={**POLICY, **PROJECTIONS}, valid_tokens={"mine"})
    environ = {
        "DAYBOOK_SERVICE_CUSTOMERS_URL": "https://customers.example.com",
        "DAYBOOK_SERVICE_PERMISSIONS_URL": FAR, "DAYBOOK_TOKEN": "mine",
    }  # fmt: skip
    assert daybook(service, "permissions", "export", environ=environ).exit_code == 0
    assert daybook(service, "projections", "list", environ=environ).exit_code == 0
    hosts = [request.url.hostname for request in service.asked]
    assert hosts == ["permissions.example.com", "customers.example.com", "permissions.example.com"]


def test_whoever_says_where_is_told_of_that_one_service_once() -> None:
    service = StandIn(other=PROJECTIONS, valid_tokens={"mine"})
    environ = {"DAYBOOK_TOKEN": "mine"}
    assert daybook(service, "projections", "list", "--url", FAR, environ=environ).exit_code == 0
    assert len(service.asked) == 1


def test_a_token_is_read_anew_from_its_file_when_it_no_longer_holds(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    service = StandIn(other=POLICY, valid_tokens={"second"})
    words = ("permissions", "export", "--url", FAR, "--token-file", str(file))
    refused = daybook(service, *words)
    assert refused.exit_code == 1
    assert "The token does not hold." in refused.stderr
    assert len(service.asked) == 1, "the same token again is no other answer"
    service.on_asked = lambda: file.write_text("second")
    assert daybook(service, *words).exit_code == 0


def test_without_a_token_nobody_is_asked_on_another_machine() -> None:
    service = StandIn(other=POLICY)
    result = daybook(service, "permissions", "export", "--url", FAR, "--as", "bob")
    assert result.exit_code == 1
    assert f"You have no token for {FAR}" in result.stderr
    assert "DAYBOOK_TOKEN" in lines_of(result.stderr)[-1]
    assert "--token-file" in lines_of(result.stderr)[-1]
    assert (service.tokens_asked, service.asked) == (0, [])


def test_the_people_of_a_demo_elsewhere_sign_in_where_its_issuer_is() -> None:
    service = StandIn(other=POLICY)
    words = ("permissions", "export", "--url", FAR, "--issuer", f"{FAR}:8105", "--as", "bob")
    assert daybook(service, *words).exit_code == 0
    assert service.tokens_asked == 1


def test_a_machine_without_the_demo_is_told_of_tokens() -> None:
    service = StandIn(other=POLICY)
    service.first_tokens.append(httpx.ConnectError("refused"))
    result = daybook(service, "permissions", "export", "--as", "bob")
    assert "Nobody answers at http://127.0.0.1:8105." in result.stderr
    assert "DAYBOOK_TOKEN" in lines_of(result.stderr)[-1]


@pytest.mark.parametrize("held", ["", "two words", "smart“quotes”", "line\none"])
def test_what_is_no_token_is_refused_and_never_repeated(tmp_path: Path, held: str) -> None:
    file, service = tmp_path / "token", StandIn(other=POLICY)
    file.write_text(held)
    result = daybook(service, "permissions", "export", "--url", FAR, "--token-file", str(file))
    assert result.exit_code == 1
    assert "This is no access token" in result.stderr
    assert "--token-file" in result.stderr
    assert not held or held not in result.stderr
    assert service.asked == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    result = daybook(StandIn(), "permissions", "export", "--url", FAR, "--token-file", gone)
    assert f"The file {gone} cannot be read." in result.stderr


def test_a_token_and_a_demo_person_cannot_both_speak() -> None:
    service = StandIn(other=POLICY, valid_tokens={"mine"})
    words = ("permissions", "export", "--as", "bob")
    result = daybook(service, *words, environ={"DAYBOOK_TOKEN": "mine"})
    assert result.exit_code == 1
    assert "only one can speak" in result.stderr
    assert service.asked == []


def test_no_command_takes_a_token_as_an_argument() -> None:
    service = StandIn(other=POLICY)
    assert daybook(service, "permissions", "export", "--token", "mine").exit_code == 2
    told = daybook(service, "permissions", "export", "--help").stdout
    assert "DAYBOOK_TOKEN" in told
    assert "customers service" not in told


@pytest.mark.parametrize(
    ("words", "environ", "said_by"),
    [
        (("--url", "http://permissions.example.com"), {}, "--url"),
        ((), {PERMISSIONS: "http://permissions.example.com"}, PERMISSIONS),
        ((), {PERMISSIONS: "http://127.0.0.1@permissions.example.com"}, PERMISSIONS),
    ],
)
def test_a_token_goes_to_no_other_machine_where_it_can_be_read_on_the_way(
    words: tuple[str, ...], environ: dict[str, str], said_by: str
) -> None:
    service = StandIn(other=POLICY, valid_tokens={"mine"})
    mine = {"DAYBOOK_TOKEN": "mine", "DAYBOOK_SERVICE_CUSTOMERS_URL": FAR, **environ}
    result = daybook(service, "permissions", "export", *words, environ=mine)
    assert result.exit_code == 1
    assert f"with https:// in {said_by}" in lines_of(result.stderr)[-1]
    assert service.asked == []


def test_a_token_goes_to_this_machine_without_encryption() -> None:
    service = StandIn(other=POLICY, valid_tokens={"mine"})
    result = daybook(service, "permissions", "export", environ={"DAYBOOK_TOKEN": "mine"})
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("words", "elsewhere", "missing"),
    [
        (("permissions", "export"), "DAYBOOK_SERVICE_CUSTOMERS_URL", PERMISSIONS),
        (("find", "x"), PERMISSIONS, "DAYBOOK_SERVICE_CUSTOMERS_URL"),
    ],
)
def test_a_token_for_another_machine_is_not_sent_to_this_one_for_want_of_an_address(
    words: tuple[str, ...], elsewhere: str, missing: str
) -> None:
    service = StandIn(other=POLICY, valid_tokens={"mine"})
    environ = {"DAYBOOK_TOKEN": "mine", elsewhere: FAR}
    result = daybook(service, *words, environ=environ)
    assert result.exit_code == 1
    assert f"set {missing} to where the service is" in lines_of(result.stderr)[-1]
    assert service.asked == []
    here = {**environ, missing: "http://localhost:8101"}
    assert daybook(service, *words, environ=here).exit_code == 0


def test_the_token_of_a_demo_person_stays_on_this_machine() -> None:
    service = StandIn(other=PROJECTIONS)
    result = daybook(service, "projections", "list", environ={PERMISSIONS: FAR})
    assert result.exit_code == 1
    assert f"You have no token for {FAR}" in result.stderr
    (asked,) = service.asked
    assert asked.url.hostname == "127.0.0.1"


@pytest.mark.parametrize(
    "address", ["ftp://x.example", "permissions:8102", "http://", "https://x:y"]
)
def test_every_address_is_one_also_of_a_service_that_is_asked_later(address: str) -> None:
    service = StandIn(other=POLICY)
    result = daybook(service, "permissions", "export", environ={PERMISSIONS: address})
    assert result.exit_code == 1
    assert f"is not an address of a service. (field: {PERMISSIONS})" in result.stderr
    assert service.tokens_asked == 0
