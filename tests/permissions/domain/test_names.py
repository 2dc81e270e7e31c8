"""What conditions look at is not changed by oneself, and nobody has another's name."""

import pytest

from services.permissions.domain.subject.commands import DescribeSubject, Description
from services.permissions.domain.subject.state import Placement
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    ERIN,
    LEO,
    NEWCOMER,
    ROBOT,
    Story,
    a_company,
    join,
    on,
)


def called(name: str, *identifiers: str, email: str | None = None) -> DescribeSubject:
    emails = () if email is None else (email,)
    return DescribeSubject(Description(name.title(), name, emails, identifiers))


@pytest.mark.parametrize(
    "command", [called("ann"), called("ada", "HR-1"), called("ada", email="boss@example.com")]
)
def test_nobody_changes_for_themself_what_rights_are_measured_by(command: DescribeSubject) -> None:
    story = a_company()
    story.asked_by(ADA).when(on(ADA, command)).then_refused("not-for-yourself")
    story.given(on(ADA, command))
    robot = join(ROBOT, "robot", Placement(owner=ADA), is_service=True)
    through = story.given(robot).asked_by(ROBOT)
    through.when(on(ADA, command)).then_refused("not-for-yourself")


def test_what_people_call_somebody_is_their_own_matter() -> None:
    story = a_company().asked_by(ADA)
    renamed = on(ADA, DescribeSubject(Description("Ada L.", "ada")))
    assert story.given(renamed).subject(ADA).display_name == "Ada L."


@pytest.mark.parametrize("taken", [str(LEO), "leo", "LEO", "hr-1"])
def test_nobody_is_called_as_somebody_else_is_or_by_anothers_id(taken: str) -> None:
    story: Story = a_company().given(on(LEO, called("leo", "HR-1")))
    refused = story.when(on(ADA, called("ada", taken))).then_refused("name-taken")
    assert refused.field == "identifiers"
    assert story.when(on(ADA, called(taken))).then_refused("name-taken").field == "user_name"


def test_nobody_joins_with_an_id_by_which_somebody_else_is_named() -> None:
    story = a_company().given(on(BOB, called("bob", str(NEWCOMER))))
    story.when(join(NEWCOMER, "new")).then_refused("name-taken")


@pytest.mark.parametrize("identifiers", [("x" * 201,), ("",), tuple("abcdefghijklmnopqrstuv")])
def test_an_identifier_is_of_bounded_length_and_there_are_not_many(
    identifiers: tuple[str, ...],
) -> None:
    asked = on(ADA, called("ada", *identifiers))
    assert (
        a_company().asked_by(ERIN).when(asked).then_refused("invalid-input").field == "identifiers"
    )
