"""A number or a time that cannot be is refused with the bound or the form that it must have."""

from typing import Annotated

import pytest
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from services.permissions.api.grant_bodies import RequestBody
from shared.given import Given
from shared.web.field_problems import in_plain_words


class Bounded(Given):
    """Something with bounds."""

    hours: Annotated[int, Field(ge=1, le=720)] | None = None
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    until: AwareDatetime | None = None


@pytest.mark.parametrize(
    ("field", "value", "problem", "fix"),
    [
        ("hours", 10_000, "is too large", "Send at most 720."),
        ("hours", 0, "is too small", "Send at least 1."),
        ("hours", 1.5, "must be a whole number", "Send it without a fraction."),
        ("hours", "many", "must be a whole number", "Send digits without quotation marks."),
        ("share", 1, "is too large", "Send less than 1.0."),
        ("share", 0, "is too small", "Send more than 0.0."),
        ("share", [], "must be a number", "Send digits without quotation marks."),
        ("until", "2026-12-24T18:00:00", "says no time zone", "End it with Z or an offset, like"),
        ("until", "tomorrow", "is not a time", "Write it like 2026-12-24T18:00:00Z."),
        ("until", [], "is not a time", "Write it like 2026-12-24T18:00:00Z."),
    ],
)
def test_what_is_out_of_bounds_is_told_with_the_bound(
    field: str, value: object, problem: str, fix: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Bounded).validate_python({field: value})
    told = in_plain_words(refused.value.errors()[0], Bounded)
    assert (told.field, told.problem) == (field, problem)
    assert told.fix.startswith(fix)


def test_who_asks_for_too_long_is_told_for_how_long_they_may() -> None:
    with pytest.raises(ValidationError) as refused:
        RequestBody.model_validate({"role": "finance", "reason": "x", "hours": 10_000})
    told = in_plain_words(refused.value.errors()[0], RequestBody)
    assert (told.field, told.fix) == ("hours", "Send at most 720.")
