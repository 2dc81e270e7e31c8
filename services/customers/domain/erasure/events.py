"""What happens to an erasure; its stream is `erasure-<customer id>`, its subject the customer."""

from shared.events import Event


class ErasureOpened(Event):
    """A customer is being erased: every holder of copies deletes them and answers.

    Stored in one transaction with `CustomerErasureStarted`.
    """

    kid: str
    """The reference of the key to destroy, as in the header of every JWE that it sealed."""


class PersonalDataErased(Event):
    """One holder of copies has none left of this customer."""

    holder: str
    """Who answers, for example `read-models`: every read model in all its versions."""


class ErasureCompleted(Event):
    """Every holder has answered: nothing personal is left of the customer."""


ErasureEvent = ErasureOpened | PersonalDataErased | ErasureCompleted
