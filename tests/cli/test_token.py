"""A token for any other program: `curl -H "Authorization: Bearer $(daybook token alice)"`."""

from tests.cli.stand_in import StandIn, daybook


def test_a_token_stands_alone_on_stdout() -> None:
    result = daybook(StandIn(), "token", "alice")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "token-1-of-alice\n", "")


def test_an_unknown_person_is_told_who_there_is() -> None:
    result = daybook(StandIn(), "token", "mallory")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "alice, oscar, dave, bob and petra" in result.stderr
    assert "\nFix: " in result.stderr
