"""What decides in one process: the book that it decides on, and who stores what was decided."""

import asyncio
from dataclasses import dataclass, field

from services.permissions.application.commands import PermissionCommands
from services.permissions.application.known_uses import ReadUses, nothing_read
from services.permissions.application.policy_book import PolicyBook
from shared.clock import Clock
from shared.service.foundation import Foundation


@dataclass(frozen=True, slots=True)
class Deciding:
    """One book, kept in memory once, and the commands that are decided on it."""

    book: PolicyBook
    commands: PermissionCommands
    clock: Clock
    uses: ReadUses = nothing_read
    """Reads when rights were last used."""
    work_is_there: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a review has something to carry out."""


def deciding_on(foundation: Foundation, uses: ReadUses = nothing_read) -> Deciding:
    """Return it, with a book in which nothing is known yet."""
    book = PolicyBook(foundation.truth, foundation.keys)
    commands = PermissionCommands(
        foundation.store, book, foundation.keys, foundation.clock, foundation.appended
    )
    return Deciding(book, commands, foundation.clock, uses)
