"""Files that many have, and that nobody should have to describe: what their columns mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shared.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Preset:
    """What the columns of a file mean; `odd` is how some cells look unless they are odd."""

    kind: str
    fields: Mapping[str, str]
    odd: Mapping[str, tuple[re.Pattern[str], str]] = field(default_factory=dict)


_YEAR: Final = (re.compile(r"\d{4}"), "is not a year")
_DAY: Final = (re.compile(r"\d{4}-\d\d-\d\d"), "is not a day")

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "sp500": Preset(
            "organisation",
            {"Symbol": "key", "Security": "name"},
            {"Founded": _YEAR, "Date added": _DAY},
        ),
        "febrl": Preset(
            "person",
            {
                "rec_id": "key",
                "given_name": "given_name",
                "surname": "family_name",
                "street_number": "address.street",
                "address_1": "address.street",
                "address_2": "address.street",
                "suburb": "address.city",
                "postcode": "address.postal_code",
                "state": "address.region",
            },
        ),
    }
)


def preset(name: str) -> Preset:
    """Return a preset.

    Raises:
        InvalidInputError: there is none of that name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise InvalidInputError(
            "There is no such preset.", field="preset", fix=f"Send one of {', '.join(PRESETS)}."
        ) from None
