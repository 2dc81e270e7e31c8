"""What the query of a list may say: a text, filters, a sort; whatever else it says is refused."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args
from uuid import UUID

from starlette.requests import Request

from services.customers.api.sight import Sight, outcome_of, seen_alike
from services.customers.domain.customer.events import CustomerKind, Stage
from services.customers.domain.field.rules import Field, Fields
from services.customers.domain.field.values import check_values
from services.customers.projections.directory_queries import DirectoryPage, DirectoryRow
from services.customers.projections.wanted import SORTS, Archived, Wanted
from shared.authorization.codes import Code
from shared.authorization.fields import MASK, FieldView, Outcome
from shared.authorization.permissions import Permission
from shared.authorization.reasons import words
from shared.errors import InvalidInputError, NotPermittedError
from shared.web.documents import Parameter
from shared.web.queries import text

LONGEST_QUERY: Final = 200
LONGEST_VALUE: Final = 1_000
MOST_FILTERS: Final = 20
CUSTOM: Final = "custom."
ARCHIVED: Final[Mapping[str, Archived]] = {"false": "no", "true": "only", "any": "also"}
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "stage": get_args(Stage), "kind": get_args(CustomerKind), "archived": tuple(ARCHIVED),
    "sort": tuple(SORTS),
}  # fmt: skip
_COUNTRY = re.compile("[A-Za-z]{2}")
_DECLARED: Final = "GET /v1/fields says which fields are declared, and what each takes"
_FILTERS: Final = frozenset({"stage", "kind", "owner", "organisation", "country", "tag"})
_SHOWS: Final = {"tag": "tags", "organisation": "links", "country": "addresses"}
"""What the value of a filter is part of."""
_SEARCHED: Final = ("name", "emails", "phones", "addresses")
_IDS: Final = frozenset({"owner", "organisation"})
_OTHERS: Final = _FILTERS | {"q", "page_size", "page_token"}

Q = Parameter(
    "q",
    "query",
    "A text to look for: words or their beginnings, part of a name, an e-mail address, a phone"
    " number (three digits or more) or a postal address; Chinese also as it sounds (pinyin), whole"
    " or by initials. Where nothing holds it, words that differ by one letter. Ordered by rank"
    " unless `sort` says otherwise: the whole of a field, the beginning of the name, of its words,"
    " part of the name, elsewhere.",
)
FILTERS = (
    Parameter("stage", "query", f"Only this stage: {', '.join(get_args(Stage))}."),
    Parameter("owner", "query", "Only customers of this owner, by subject id.", UUID),
    Parameter(
        "organisation",
        "query",
        "Only people with a role in this organisation, now or at any time, by its id.",
        UUID,
    ),
    Parameter("tag", "query", "Only with this tag, whatever its case; repeated: with all of them."),
    Parameter("kind", "query", f"Only this kind: {', '.join(get_args(CustomerKind))}."),
    Parameter(
        "country", "query", "Only with a primary address in this country (ISO 3166-1 alpha-2)."
    ),
    Parameter("archived", "query", "false (unless said), true: only archived ones, any: both."),
    Parameter(
        "custom.NAME",
        "query",
        "Only with this value of the custom field NAME; of choices, one of them.",
    ),
    Parameter("sort", "query", f"One of {', '.join(SORTS)}; the minus turns it round."),
)


def wanted_of(request: Request, fields: Fields) -> Wanted:
    """Return which customers the query asks for.

    Raises:
        InvalidInputError: a parameter is unknown, or has a value that it cannot have.
    """
    for name in request.query_params:
        if name not in _ALLOWED and name not in _OTHERS and not name.startswith(CUSTOM):
            raise _refused(name, "is not known here", f"Use {', '.join(_known())}.")
    filters = [
        (name, _value(name, given, fields))
        for name, given in request.query_params.multi_items()
        if name in _FILTERS or name.startswith(CUSTOM)
    ]
    if len(filters) > MOST_FILTERS:
        raise _refused(filters[-1][0], "is one filter too many", f"Send at most {MOST_FILTERS}.")
    return Wanted(
        text=text(request, "q", at_most=LONGEST_QUERY),
        filters=filters,
        archived=ARCHIVED[_one_of("archived", request.query_params.get("archived", "false"))],
        sort=None if (sort := request.query_params.get("sort")) is None else _one_of("sort", sort),
    )


def asks_for_custom(request: Request) -> bool:
    """Say whether the query names a custom field."""
    return any(name.startswith(CUSTOM) for name in request.query_params)


def refuse_to_look_by(view: FieldView, request: Request, wanted: Wanted, may: Permission) -> None:
    """Refuse to look for, filter or sort by what is not shown of every customer of a list.

    A text is looked for in names, and in contacts wherever these are shown (`Reach`).

    Raises:
        NotPermittedError: a field is masked or left out.
    """
    parameters = {name: _SHOWS.get(name, name) for name, _ in wanted.filters}
    if "archived" in request.query_params:
        parameters["archived"] = "archived"
    if wanted.text is not None:
        parameters["q"] = "name"
    elif (wanted.sort or "name").removeprefix("-") == "name":
        parameters["sort"] = "name"
    for parameter, field in parameters.items():
        if outcome_of(view, field) is not Outcome.SHOW:
            raise NotPermittedError(
                "You do not see this of every customer that you may list: which ones are found, or"
                " their order, would tell it.",
                field=parameter,
                fix="Leave it out, or sort by changed_at; or ask for a higher clearance.",
                who_can_help=words(Code.SENSITIVITY).who_can_help,
                permission=may,
                reason=Code.SENSITIVITY,
            )


def shown_query(
    view: FieldView, query: Mapping[str, Sequence[str]], *, is_own: bool
) -> dict[str, list[str]]:
    """Return what a saved query asks for, with a mask for values of what is not shown.

    A text may be of any contact; whoever wrote it knows it.
    """
    shown = {}
    for name, values in query.items():
        fields = [_SHOWS.get(name, name)]
        if name == "q":
            fields = [] if is_own else list(_SEARCHED)
        elif name == "sort":
            fields = []
        is_shown = all(outcome_of(view, field) is Outcome.SHOW for field in fields)
        shown[name] = list(values) if is_shown else [MASK]
    return shown


def page_view(page: DirectoryPage, next_token: str | None, sight: Sight) -> dict[str, Any]:
    """Return a page as its reader is shown it; `refine` only where more could be said."""
    views = (
        (sight.view(Permission.CUSTOMERS_READ, sight.record_of_row(row, row.id)), row)
        for row in page.rows
    )
    view: dict[str, Any] = {
        "items": list(seen_alike((its, _item(row)) for its, row in views if its is not None)),
        "next_page_token": next_token,
    }
    if page.is_cut:
        view["refine"] = True
        view["advice"] = (
            "More customers match than are ranked, so this is a choice of them. Say more of the"
            " name, or add a filter."
        )
    return view


def _value(name: str, given: str, fields: Fields) -> str:
    if name in _ALLOWED:
        return _one_of(name, given)
    if name in _IDS:
        try:
            return str(UUID(given))
        except ValueError:
            raise _refused(name, "is not an id", f"Send the id of the {name}, a UUID.") from None
    if name == "country":
        if _COUNTRY.fullmatch(given) is None:
            raise _refused(name, "is not a country", "Send two letters, for example DE.")
        return given.upper()
    if not given.strip() or len(given) > LONGEST_VALUE:
        raise _refused(name, "is empty or too long", "Send the value, or leave it out.")
    return given if name == "tag" else _custom(name, given, fields)


def _custom(name: str, given: str, fields: Fields) -> str:
    """Return the value of a custom field in the form in which it is stored.

    Which fields and choices there are is told by their own address only, to whoever may see it.
    """
    field = fields.get(name.removeprefix(CUSTOM))
    if field is None:
        raise _refused(name, "is not a declared field", f"Look it up: {_DECLARED}.")
    if field.is_retired:
        return given
    checked = check_values(fields, {field.name: _typed(field, given)}, registering=False)
    for problem in checked.problems:
        fix = f"Send one of its choices: {_DECLARED}." if field.choices else problem.fix
        raise _refused(name, problem.problem, fix)
    stored = checked.values[field.name]
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    return str(stored[0] if isinstance(stored, tuple) else stored)


def _typed(field: Field, given: str) -> object:
    if field.type == "boolean":
        return {"true": True, "yes": True, "false": False, "no": False}.get(given.lower(), given)
    return [given] if field.type == "choices" else given


def _one_of(name: str, given: str) -> str:
    if given not in _ALLOWED[name]:
        allowed = ", ".join(_ALLOWED[name])
        raise _refused(name, "is not one of the allowed values", f"Send one of {allowed}.")
    return given


def _known() -> list[str]:
    return [*sorted(_ALLOWED.keys() | _OTHERS), f"{CUSTOM}NAME"]


def _refused(name: str, problem: str, fix: str) -> InvalidInputError:
    return InvalidInputError(f"{name[:60]} {problem}.", field=name[:60], fix=fix)


def _item(row: DirectoryRow) -> dict[str, Any]:
    """Return a customer as lists have it: as it is read, without notes, and when it changed."""
    details = row.details
    item: dict[str, Any] = {
        "id": str(row.id),
        "kind": row.kind,
        "name": row.name,
        "emails": details.get("emails", []),
        "phones": details.get("phones", []),
        "addresses": details.get("addresses", []),
        "primary_email": details.get("primary_email"),
        "primary_phone": details.get("primary_phone"),
        "primary_address": details.get("primary_address"),
        "tags": details.get("tags", []),
        "stage": row.stage or "lead",
        "owner": row.owner,
        "custom": details.get("custom", {}),
        "archived": row.is_archived,
        "links": details.get("links", []),
        "legal_hold": bool(details.get("holds")),
        "withdrawn": False,
        "version": row.version,
        "registered_at": row.registered_at,
        "changed_at": row.changed_at,
    }
    if row.is_erased:
        item["erased"] = True
    if row.matched:
        item["matched"] = [{"field": match.field, "how": match.how} for match in row.matched]
    return item
