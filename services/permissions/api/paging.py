"""A long list is shown page by page; where the next one begins is sealed into its token."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request

from shared.web.answers import JsonAnswer
from shared.web.documents import PAGE_SIZE, PAGE_TOKEN
from shared.web.pages import LARGEST_PAGE_SIZE, PageTokens, page_size
from shared.web.versions import etag

PAGING: Final = [PAGE_SIZE, PAGE_TOKEN]
Key = tuple[str, ...]
Keyed = tuple[Key, Any]
"""Where an item stands in the order, and what is shown of it."""


class Pages:
    """Cuts pages out of lists that are in an order."""

    def __init__(self, tokens: PageTokens) -> None:
        self._tokens = tokens

    def after(self, request: Request, query: str) -> Key:
        """Return the place after which the page begins; empty: from the start."""
        place = self._tokens.of_request(request, query) or ()
        return tuple(str(part) for part in place)

    def page(
        self,
        request: Request,
        query: str,
        items: Iterable[Keyed],
        *,
        version: int | None = None,
        most: int = LARGEST_PAGE_SIZE,
        besides: Mapping[str, Any] | None = None,
        shown: Callable[[Any], Mapping[str, Any]],
    ) -> JsonAnswer:
        """Return one page.

        Args:
            request: says how many to a page.
            query: the route and its filters: a token of another query is refused.
            items: those after the token's place, in order; not read further than the page.
            version: of all of it, for the ETag.
            most: how many to a page at most, where 200 is too many.
            besides: what is told besides the items.
            shown: what is told of an item.
        """
        size = min(page_size(request), most)
        found: list[Keyed] = []
        for keyed in items:
            found.append(keyed)
            if len(found) > size:
                break
        token = self._tokens.seal(found[size - 1][0], query) if len(found) > size else None
        told = [shown(its) for _, its in found[:size]]
        headers = {"Cache-Control": "no-store"}
        if version is not None:
            headers["ETag"] = etag(version)
        page = {"items": told, "next_page_token": token, **(besides or {})}
        return JsonAnswer(page, 200, headers)

    def named(
        self,
        request: Request,
        query: str,
        every: Mapping[Any, Any],
        *,
        version: int | None = None,
        wanted: Callable[[Any, Any], bool] = lambda _name, _its: True,
        shown: Callable[[Any, Any], Mapping[str, Any]],
    ) -> JsonAnswer:
        """Return one page of what has names, in their order; arguments as of `page`."""
        after = self.after(request, query)
        keyed = sorted((_key(name), name) for name, its in every.items() if wanted(name, its))
        rest = keyed[bisect_right(keyed, after, key=lambda one: one[0]) :]
        return self.page(
            request, query, rest, version=version, shown=lambda name: shown(name, every[name])
        )


def later_ids(ordered: Sequence[UUID], after: Key, *, is_inclusive: bool = False) -> Sequence[UUID]:
    """Return the ids from the one after a place on; inclusive: from the place itself on."""
    if not after:
        return ordered
    cut = bisect_left if is_inclusive else bisect_right
    return ordered[cut(ordered, UUID(after[0])) :]


def query_of(request: Request, route: str, names: Iterable[str]) -> str:
    """Return what a page token is bound to: the route and its filters."""
    asked = ((name, request.query_params.get(name, "")) for name in sorted(names))
    return "\n".join((route, *(f"{name}={value}" for name, value in asked if value)))


def _key(name: Any) -> Key:  # noqa: ANN401 - a name, or the parts of one
    return name if isinstance(name, tuple) else (name,)
