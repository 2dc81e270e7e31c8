"""Which resources a query means, page by page; a plain page costs no more than what it shows."""

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final
from unicodedata import normalize

from scim2_models import ListResponse, Resource, SearchRequest
from scim2_models.path import CompareOperator, Comparison, FilterNode

from services.permissions.api.scim.ports import Listed
from services.permissions.api.scim.schema import LARGEST_PAGE
from services.permissions.api.scim.shelves import Shelf

_NAMES: Final = frozenset({"id", "externalid", "username", "displayname"})
_IN_A_ROW: Final = 100
"""How many resources are made before others have their turn."""


async def pick(
    shelves: Sequence[Shelf[Any]], wanted: "SearchRequest[Any]"
) -> tuple[int, list[Resource[Any]]]:
    """Return how many resources match, and the page of them that is asked for."""
    every = list(chain.from_iterable([await shelf.every() for shelf in shelves]))
    start = (wanted.start_index or 1) - 1
    count = LARGEST_PAGE if wanted.count is None else min(wanted.count, LARGEST_PAGE)
    if wanted.filter is None and wanted.sort_by is None:
        return len(every), [one.tell() for one in every[start : start + count]]
    matching = wanted.sort(await _matching(every, wanted))
    return len(matching), matching[start : start + count]


def listed(
    models: Any,  # noqa: ANN401 - a class, or several
    wanted: "SearchRequest[Any]",
    total: int,
    page: list[Any],
) -> "ListResponse[Any]":
    """Return a page as the protocol writes it."""
    kind: Any = ListResponse[models]
    start = wanted.start_index or 1
    answer: ListResponse[Any] = kind(
        total_results=total, start_index=start, items_per_page=len(page), resources=page
    )
    return answer


async def _matching(
    every: Sequence[Listed[Any]], wanted: "SearchRequest[Any]"
) -> list[Resource[Any]]:
    name = None if wanted.filter is None else _name_asked_for(wanted.filter.ast)
    found: list[Resource[Any]] = []
    made = 0
    for candidate in every:
        if name is not None and not any(one and _folded(one) == name for one in candidate.names):
            continue
        made += 1
        if made % _IN_A_ROW == 0:
            await asyncio.sleep(0)
        resource = candidate.tell()
        if wanted.filter is None or wanted.filter.match(resource):
            found.append(resource)
    return found


def _name_asked_for(filter_: FilterNode) -> str | None:
    """Return the name that every match has, where a filter is as simple as most are."""
    match filter_:
        case Comparison(op=CompareOperator.eq, value=str() as value) if (
            filter_.attr_path.attr.lower() in _NAMES and filter_.attr_path.sub_attr is None
        ):
            return _folded(value)
        case _:
            return None


def _folded(text: str) -> str:
    """Return a name so that two spellings that SCIM takes for one are one."""
    return text.lower() if text.isascii() else normalize("NFC", text).casefold()
