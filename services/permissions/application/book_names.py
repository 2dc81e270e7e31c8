"""The names of everybody, as new as the permissions that decide."""

from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.subject_names import SubjectNames
from shared.authorization.rights import Basis


class BookNames:
    """Reads on in the book whenever decisions know more than it did.

    Whoever is known to decisions is in the store, so the book finds at least as much; as long as
    nothing happens nothing is read.
    """

    def __init__(self, book: PolicyBook) -> None:
        self._book = book
        self._seen = (0, -1)

    async def names(self, basis: Basis) -> SubjectNames:
        """Return how everybody is called who is known to decisions on this basis.

        Raises:
            UnavailableError: the store does not answer.
        """
        known = basis.epoch, basis.world.position
        if known != self._seen:
            await self._book.catch_up()
            # Without the key database somebody is without a name, which must not stay so.
            self._seen = (0, -1) if self._book.is_nameless else known
        return self._book.names
