"""A test signs in as a demo person by name; signatures have tests of their own."""

from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotSignedInError
from shared.security.tokens import Principal, TokenVerifier

SCHEME = "person:"


def token_of(person: str) -> str:
    """Return the token that PersonVerifier takes for this demo person."""
    return f"{SCHEME}{person}"


class PersonVerifier(TokenVerifier):
    """Believes `person:<name>` for every demo person, and nothing else."""

    def __init__(self) -> None:
        """Need no issuer: nothing is ever fetched."""

    def remembered(self, token: str) -> Principal | None:
        """Return who this is; None for anything that is not a demo person."""
        person = DEMO_PEOPLE.get(token.removeprefix(SCHEME))
        if person is None or not token.startswith(SCHEME):
            return None
        return Principal(person.subject)

    async def verify(self, token: str) -> Principal:
        """Return who this is.

        Raises:
            NotSignedInError: not the token of a demo person.
        """
        principal = self.remembered(token)
        if principal is None:
            raise NotSignedInError("no demo person has this token", code="token-refused")
        return principal
