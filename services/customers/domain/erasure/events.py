"""What happens to an erasure; its stream is `erasure-<customer id>`, its subject the customer."""

from typing import Literal

from shared.events import Event

ErasureReason = Literal[
    "asked-by-the-person",
    "consent-withdrawn",
    "no-longer-needed",
    "objection",
    "unlawful-processing",
    "legal-obligation",
]
"""Why somebody is erased: the grounds of Article 17 (1) GDPR. A choice and no text, because a text
would be personal itself, and would be unreadable afterwards."""


class ErasureOpened(Event):
    """A customer is being erased: every holder of copies deletes them and answers.

    Stored in one transaction with `CustomerErasureStarted`.
    """

    kid: str
    """The reference of the key to destroy, as in the header of every JWE that it sealed."""
    reason: ErasureReason | None = None
    """Why: one of the grounds of Article 17 (1) GDPR; none of an erasure done again by a start."""


class PersonalDataErased(Event):
    """One holder of copies has none left of this customer."""

    holder: str
    """Who answers, for example `read-models`: every read model in all its versions; a registered
    consumer that was given the key is `consumer:NAME`."""


class ErasureCompleted(Event):
    """Every holder has answered: nothing personal is left of the customer."""


ErasureEvent = ErasureOpened | PersonalDataErased | ErasureCompleted
