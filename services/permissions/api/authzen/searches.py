"""A search asks who, what or which action; a page is bound to what was asked, not to its size.

Source: OpenID Authorization API 1.0, section 8 (search APIs) and 8.3 (pagination).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.permissions.api.authzen.entities import Document, object_of
from shared.errors import BadRequestError, InvalidInputError
from shared.web.pages import PageTokens

DEFAULT_LIMIT: Final = 100
LARGEST_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins, and how many results it may have."""

    after: str
    limit: int


class SearchPages:
    """Reads what a request says of pages, and writes what its answer says."""

    def __init__(self, tokens: PageTokens) -> None:
        self._tokens = tokens

    def wanted(self, body: Document, asked: str) -> Page:
        """Return the page that is wanted of the search `asked`."""
        page = object_of(body.get("page", {}), "page")
        limit = page.get("limit", DEFAULT_LIMIT)
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise BadRequestError(
                "page.limit is not a number of results.",
                field="page.limit",
                fix=f"Send a whole number, 0 or more; a page has at most {LARGEST_LIMIT} results,"
                " whatever more is asked for.",
            )
        return Page(self._place(page.get("token", ""), asked), min(limit, LARGEST_LIMIT))

    def answer(self, asked: str, page: Page, found: Sequence[str], results: list[Any]) -> Document:
        """Return the answer: `found` are the keys of all results behind the page's beginning.

        Args:
            asked: what was searched, from `fingerprint`.
            page: the page that is answered.
            found: the keys of its results, and of one more if there is more.
            results: what is answered for each, without that one more.
        """
        token = ""
        if len(found) > len(results):
            last = found[len(results) - 1] if results else page.after
            token = self._tokens.seal([last], asked)
        return {"page": {"next_token": token, "count": len(results)}, "results": results}

    def _place(self, token: object, asked: str) -> str:
        if not isinstance(token, str):
            raise BadRequestError(
                "page.token is not a text.", field="page.token", fix="Send next_token as it came."
            )
        if not token:
            return ""
        try:
            (place,) = self._tokens.open(token, asked)
        except InvalidInputError as error:
            raise BadRequestError(
                "This token belongs to another search, or is none of ours.",
                field="page.token",
                fix="Repeat the search that gave the token, or start again without it.",
            ) from error
        return str(place)


def fingerprint(kind: str, body: Document) -> str:
    """Return what a search asks, whatever its page: the same bytes for the same question."""
    parts = {
        name: body[name] for name in ("subject", "action", "resource", "context") if name in body
    }
    return f"authzen {kind}: {orjson.dumps(parts, option=orjson.OPT_SORT_KEYS).decode()}"
