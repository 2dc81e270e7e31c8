"""The book in memory: every command is decided by the real rules, and nothing is stored."""

from services.permissions.api.scim.kept import Choice
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.deciding import decide
from shared.errors import VersionConflictError
from tests.permissions.domain.stories import NOON, Story


class DeskInMemory:
    """Decides and folds, one after the other."""

    def __init__(self, story: Story) -> None:
        self.book_now = story.book
        self.somebody_is_faster = 0

    async def book(self) -> Book:
        return self.book_now

    async def ask(self, choice: Choice, by: str) -> None:
        self.somebody_is_faster -= 1
        if self.somebody_is_faster >= 0:
            raise VersionConflictError("It has changed since.")
        asked = list(choice(self.book_now))
        for fact in decide(self.book_now, asked, Asking(by, NOON)):
            self.book_now.fold(fact, by)
