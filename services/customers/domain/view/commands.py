"""What may be asked of a saved view."""

from collections.abc import Mapping
from dataclasses import dataclass

Query = Mapping[str, tuple[str, ...]]
"""Parameters of a list of customers with their values."""


@dataclass(frozen=True, slots=True)
class SaveView:
    """Keep a query under a name."""

    name: str
    query: Query
    columns: tuple[str, ...]
    is_shared: bool
    key_commitment: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """Let the view be called this and show this."""

    name: str
    query: Query
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShareView:
    """Let everybody see it who may read customers."""


@dataclass(frozen=True, slots=True)
class UnshareView:
    """Let nobody see it but its owner."""


@dataclass(frozen=True, slots=True)
class DeleteView:
    """Take it away for good; its key, named by its reference, is destroyed next."""

    kid: str


ViewCommand = SaveView | ChangeView | ShareView | UnshareView | DeleteView
