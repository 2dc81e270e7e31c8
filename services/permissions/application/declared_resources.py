"""Records of other programs, as the policy names them."""

from collections.abc import Mapping

from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.policy.state import Resource
from shared.authorization.questions import Record

ByType = Mapping[str, Mapping[str, Record]]


class DeclaredResources:
    """Those that the book has now; put in order once for each change of them."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book
        self._of: Mapping[tuple[str, str], Resource] = {}
        self._ordered: ByType = {}

    def declared(self, resource_type: str) -> Mapping[str, Record]:
        """Return those of a type by id, with what the policy says of each."""
        now = self._book.book.policy.resources
        if now is not self._of:
            self._of, self._ordered = now, _by_type(now)
        return self._ordered.get(resource_type, {})


def _by_type(resources: Mapping[tuple[str, str], Resource]) -> ByType:
    ordered: dict[str, dict[str, Record]] = {}
    for (kind, name), its in resources.items():
        owner = None if its.owner is None else str(its.owner)
        ordered.setdefault(kind, {})[name] = Record(kind, name, owner, None, its.attributes)
    return ordered
