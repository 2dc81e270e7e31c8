"""The people and service accounts of the demo installation, each with one role.

Subject ids are fixed, so that a token of yesterday still names the same person today.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Role(StrEnum):
    """What somebody does for a living here; the permission table gives rights to roles."""

    SALES = "sales"
    SALES_MANAGER = "sales_manager"
    SUPPORT = "support"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    DATA_PROTECTION = "data_protection"
    SUBSCRIBER = "subscriber"
    PROVISIONER = "provisioner"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in: a person, or a program with an account of its own."""

    subject: str
    display: str
    role: Role
    kind: Literal["person", "service"] = "person"


def _subject(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


DEMO_PEOPLE = MappingProxyType(
    {
        "alice": Person(_subject(1), "Alice", Role.SALES),
        "leo": Person(_subject(2), "Leo", Role.SALES),
        "wang": Person(_subject(3), "Wang", Role.SALES),
        "bob": Person(_subject(4), "Bob", Role.SALES_MANAGER),
        "carol": Person(_subject(5), "Carol", Role.SUPPORT),
        "dave": Person(_subject(6), "Dave", Role.AUDITOR),
        "erin": Person(_subject(7), "Erin", Role.ADMINISTRATOR),
        "oscar": Person(_subject(8), "Oscar", Role.OPERATOR),
        "petra": Person(_subject(9), "Petra", Role.DATA_PROTECTION),
        "billing": Person(_subject(101), "Billing", Role.SUBSCRIBER, "service"),
        "directory": Person(_subject(110), "Identity provider", Role.PROVISIONER, "service"),
        "customers": Person(_subject(102), "Customers service", Role.SERVICE, "service"),
        "permissions": Person(_subject(103), "Permissions service", Role.SERVICE, "service"),
    }
)
"""The name one signs in with → who that is."""
