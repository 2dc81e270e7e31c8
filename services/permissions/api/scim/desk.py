"""Where SCIM's commands are decided and stored: as all others are."""

from collections.abc import Sequence
from datetime import datetime

from services.permissions.api.scim.kept import Choice
from services.permissions.application.commands import PermissionCommands
from services.permissions.application.policy_book import PolicyBook, nameless
from services.permissions.domain.book import Asking, Book, Fact
from services.permissions.domain.deciding import decide


class StoredDesk:
    """The desk of the running service."""

    def __init__(self, book: PolicyBook, commands: PermissionCommands) -> None:
        self._book = book
        self._commands = commands

    async def book(self) -> Book:
        """Return the book as the store has it now.

        Raises:
            UnavailableError: the store or the key database does not answer.
        """
        await self._book.catch_up()
        if self._book.is_nameless:
            # Whose name is not known would look as if nobody were there.
            raise nameless()
        return self._book.book

    async def ask(self, choice: Choice, by: str) -> None:
        """Decide all that is chosen as one, and store what follows.

        Raises:
            DaybookError: what a rule refuses.
            VersionConflictError: others keep changing permissions.
            UnavailableError: a server does not answer.
        """

        def decision(book: Book, at: datetime) -> Sequence[Fact]:
            return decide(book, list(choice(book)), Asking(by, at))

        await self._commands.run(decision, by=by)
