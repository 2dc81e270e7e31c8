"""The people and service accounts of the demo installation, each with what it does.

Subject ids are fixed, so that a token of yesterday still names the same person today.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in: a person, or a program with an account of its own."""

    subject: str
    display: str
    role: str
    """What they do, in the words of demo/people.yaml; rights come from the policy alone."""
    kind: Literal["person", "service"] = "person"


def _subject(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


DEMO_PEOPLE = MappingProxyType(
    {
        "alice": Person(_subject(1), "Alice", "sales_rep"),
        "leo": Person(_subject(2), "Leo", "sales_rep"),
        "wang": Person(_subject(3), "Wang", "sales_rep"),
        "bob": Person(_subject(4), "Bob", "sales_manager"),
        "carol": Person(_subject(5), "Carol", "support_agent"),
        "dave": Person(_subject(6), "Dave", "auditor"),
        "erin": Person(_subject(7), "Erin", "crm_admin, permission_admin"),
        "oscar": Person(_subject(8), "Oscar", "operator"),
        "petra": Person(_subject(9), "Petra", "data_protection"),
        "billing": Person(_subject(101), "Billing", "subscriber", "service"),
        "directory": Person(_subject(110), "Identity provider", "provisioner", "service"),
        "customers": Person(_subject(102), "Customers service", "service", "service"),
        "permissions": Person(
            _subject(103), "Permissions service", "service, record_reader", "service"
        ),
    }
)
"""The name one signs in with → who that is."""
