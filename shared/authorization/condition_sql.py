"""A condition as SQL is worth exactly what it is worth in a check: true, false or NULL.

What has no column is unknown. Everything that does not come from the row is a constant here, and
every value is bound, never written into the statement.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from shared.authorization.conditions import (
    LARGEST_NUMBER,
    LISTED,
    ORDERED,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Not,
    can_be_stored,
)
from shared.authorization.truth import Facts, compared, presence

Bind = Callable[[object], str]
"""Takes a value into the statement; returns how the statement mentions it, for example $3."""
Kind = Literal["text", "integer", "boolean", "texts"]
Term = bool | str | None
"""What is certain beforehand (None: unknown), or SQL that says it of each row."""
UNKNOWN: Final = "null::boolean"
_OPERATORS: Final = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_KINDS: Final[Mapping[type, tuple[Kind, str]]] = {
    str: ("text", "text"),
    bool: ("boolean", "boolean"),
    int: ("integer", "bigint"),
}


class Column(NamedTuple):
    """What an attribute is in SQL, and the type that its values have."""

    sql: str
    kind: Kind


class Constant(NamedTuple):
    """What an attribute or a literal is for every row; None: missing."""

    value: object


Operand = Column | Constant


@dataclass(frozen=True, slots=True)
class Row:
    """Where conditions find what they look at."""

    columns: Mapping[str, Column]
    """Attribute of the resource → its column."""
    facts: Facts
    """Everything that is the same for all rows."""
    bind: Bind


def condition_sql(condition: Condition, row: Row) -> Term:
    """Return the condition for each row."""
    match condition:
        case AllOf(conditions):
            return _joined([condition_sql(one, row) for one in conditions], "and", neutral=True)
        case AnyOf(conditions):
            return _joined([condition_sql(one, row) for one in conditions], "or", neutral=False)
        case Not(one):
            term = condition_sql(one, row)
            return f"(not {term})" if isinstance(term, str) else _opposite(term)
        case Comparison():
            return _comparison(condition, row)


def _joined(terms: Sequence[Term], word: str, *, neutral: bool) -> Term:
    if any(term is (not neutral) for term in terms):
        return not neutral
    left = [UNKNOWN if term is None else term for term in terms if term is not neutral]
    if not left or all(term == UNKNOWN for term in left):
        return None if left else neutral
    return f"({f' {word} '.join(str(term) for term in left)})"


def _opposite(term: bool | None) -> bool | None:
    return None if term is None else not term


def _comparison(condition: Comparison, row: Row) -> Term:
    left = _operand(condition.attribute, row)
    if condition.relation in {"present", "absent"}:
        return _presence(left, wanted=condition.relation == "present")
    to = condition.to
    right = Constant(condition.value) if to is None else _operand(to, row)
    if isinstance(left, Constant) and isinstance(right, Constant):
        return compared(condition.relation, left.value, right.value)
    if condition.relation in LISTED:
        term = _is_in(left, right, row.bind)
        is_in = condition.relation == "in"
        return term if is_in or term is None else f"(not {term})"
    if condition.relation == "contains":
        return _is_in(right, left, row.bind)
    return _ordered(condition.relation, left, right, row.bind)


def _operand(attribute: str, row: Row) -> Operand:
    root, _, name = attribute.partition(".")
    if root == "resource" and name in row.columns:
        return row.columns[name]
    return Constant(row.facts.get(root, {}).get(name))


def _presence(operand: Operand, *, wanted: bool) -> Term:
    if isinstance(operand, Constant):
        return presence(operand.value, wanted=wanted)
    return f"({operand.sql} is {'not ' if wanted else ''}null)"


def _ordered(relation: str, left: Operand, right: Operand, bind: Bind) -> Term:
    one, other = _single(left, bind), _single(right, bind)
    if one is None or other is None or one.kind != other.kind or one.kind == "texts":
        return None
    if relation in ORDERED and one.kind == "boolean":
        return None
    # Python orders texts by code points, and so does this collation.
    order = ' collate "C"' if relation in ORDERED and one.kind == "text" else ""
    return f"({one.sql}{order} {_OPERATORS[relation]} {other.sql}{order})"


def _single(operand: Operand, bind: Bind) -> Column | None:
    """Return the operand as SQL; None where no column can have its value."""
    if isinstance(operand, Column):
        return operand
    value = operand.value
    if type(value) is int and abs(value) > LARGEST_NUMBER:
        return Column(f"{bind(Decimal(value))}::numeric", "integer")
    if type(value) not in _KINDS or (isinstance(value, str) and not can_be_stored(value)):
        return None
    kind, cast = _KINDS[type(value)]
    return Column(f"{bind(value)}::{cast}", kind)


def _is_in(one: Operand, many: Operand, bind: Bind) -> str | None:
    if isinstance(many, Column):
        return _is_in_column(one, many, bind)
    return _is_in_list(one, many.value, bind) if isinstance(one, Column) else None


def _is_in_column(one: Operand, many: Column, bind: Bind) -> str | None:
    single = _single(one, bind) if many.kind == "texts" else None
    if single is None or single.kind == "texts":
        return None
    there = f"array_remove({many.sql}, null)"
    if single.kind == "text":
        return _if_known(single.sql, f"{single.sql} = any({there})")
    # Whether a list of texts holds something of another type is unknown, unless it is empty.
    return _if_known(single.sql, f"nullif(cardinality({there}) > 0, true)")


def _is_in_list(one: Column, many: object, bind: Bind) -> str | None:
    if one.kind == "texts" or not isinstance(many, list | tuple):
        return None
    there = [each for each in many if each is not None]
    alike = [each for each in there if type(each) in _KINDS and _KINDS[type(each)][0] == one.kind]
    if there and not alike:
        return None
    able = [each for each in alike if _can_be_in_column(each)]
    cast = {"text": "text", "integer": "bigint", "boolean": "boolean"}[one.kind]
    return _if_known(one.sql, f"{one.sql} = any({bind(able)}::{cast}[])")


def _if_known(sql: str, then: str) -> str:
    """Return what keeps a missing value unknown: PostgreSQL says that NULL is not in '{}'."""
    return f"(case when {sql} is null then null else {then} end)"


def _can_be_in_column(value: object) -> bool:
    if isinstance(value, str):
        return can_be_stored(value)
    return not isinstance(value, int) or abs(value) <= LARGEST_NUMBER
