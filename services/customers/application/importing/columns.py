"""Which field a column means is guessed from its name in three languages, then from its cells."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from shared.errors import InvalidInputError

IGNORED: Final = "-"
FIELDS: Final = (
    "id", "key", "kind", "name", "given_name", "family_name", "email", "emails", "phone", "phones",
    "address.street", "address.city", "address.postal_code", "address.region", "address.country",
    "addresses", "tags", "stage", "owner", "custom", "note", "archived", IGNORED,
)  # fmt: skip
"""What a column may mean; besides these `email.TYPE`, `phone.TYPE` and `custom.NAME`."""
TYPED: Final = {
    "email": ("work", "home", "other"),
    "phone": ("work", "home", "mobile", "fax", "other"),
}
_NAMES: Final[Mapping[str, str]] = {
    "id": "id customerid",
    "key": "key externalid externalkey customernumber customerno customercode accountnumber recid"
    " kundennummer kundennr kdnr 编号 客户编号",
    "kind": "kind customertype customerkind kundenart art 类型 客户类型",
    "name": "name fullname displayname customer customername contact contactname company"
    " companyname organisation organization account accountname"
    " kunde kundenname firma firmenname unternehmen"
    " 姓名 名称 名字 客户 客户名称 公司 公司名称 单位",
    "given_name": "givenname firstname forename vorname rufname 名",
    "family_name": "familyname lastname surname nachname familienname zuname 姓",
    "email": "email emailaddress mail mailaddress emailadresse mailadresse"
    " 邮箱 电子邮件 电子邮箱 邮件 电邮",
    "emails": "emails emailaddresses",
    "email.work": "workemail businessemail emailwork emailgeschäftlich",
    "email.home": "homeemail privateemail personalemail emailhome emailprivat",
    "phone": "phone telephone tel phonenumber telephonenumber telefon telefonnummer rufnummer"
    " 电话 电话号码 联系电话",
    "phones": "phones phonenumbers",
    "phone.mobile": "mobile mobilephone cell cellphone mobil mobiltelefon handy handynummer"
    " 手机 手机号 手机号码",
    "phone.work": "workphone businessphone officephone telefongeschäftlich 座机 办公电话",
    "phone.home": "homephone telefonprivat 家庭电话",
    "phone.fax": "fax faxnumber telefax 传真",
    "address.street": "street streetaddress address address1 addressline1 strasse anschrift"
    " adresse 地址 街道 详细地址",
    "address.city": "city town locality suburb ort stadt wohnort 城市 市",
    "address.postal_code": "zip zipcode postcode postalcode plz postleitzahl 邮编 邮政编码",
    "address.region": "state region province county bundesland kanton 省 省份 州",
    "address.country": "country countrycode land 国家 国家地区",
    "addresses": "addresses",
    "tags": "tags tag labels keywords categories schlagworte schlagwörter 标签",
    "stage": "stage lifecyclestage phase 阶段 客户阶段",
    "owner": "owner accountowner ownerid betreuer 负责人",
    "custom": "custom customfields",
    "note": "note notes comment comments remark remarks notiz notizen bemerkung bemerkungen 备注",
    "archived": "archived archiviert",
}
_FIELD_OF: Final = {name: field for field, names in _NAMES.items() for name in names.split()}
_EMAIL: Final = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+")
_PHONE: Final = re.compile(
    r"(\+|00)\d[\d ()/.-]{6,20}\d|\(?0\d{1,5}\)?[ /-][\d /-]{4,14}\d|1[3-9]\d{9}"
)
_COMPANIES: Final = (
    "company companyname organisation organization firma firmenname unternehmen 公司 公司名称 单位"
)
_ORGANISATIONS: Final = frozenset(_COMPANIES.split())
_MOSTLY: Final = 0.8
_LONGEST_CUSTOM_NAME: Final = 100


class Columns:
    """The field of each column; what has none is kept beside the customer."""

    def __init__(
        self, fields: Mapping[str, str], kind: str | None, country: str | None = None
    ) -> None:
        self.fields = dict(fields)
        self.country = country
        """Whose a phone number is that does not say it."""
        self.kind = kind
        """What a row is that does not say it."""


def guessed(columns: Sequence[str], sample: Sequence[Mapping[str, str]]) -> Columns:
    """Return what the columns mean, from their names and from some of their rows."""
    # A column that is named as its field is that one, whatever else sounds like it.
    exactly = sorted(columns, key=lambda column: not is_field(column))
    fields = {column: field for column in exactly if (field := field_of(column)) is not None}
    for column in columns:
        if column not in fields and (field := _seen_in(row.get(column, "") for row in sample)):
            fields[column] = field
    for column in [c for c, field in fields.items() if field == "id"]:
        if not all(_is_uuid(row[column]) for row in sample if row.get(column)):
            fields[column] = "key"
    _one_each(fields)
    are_companies = any(f == "name" and _plain(c) in _ORGANISATIONS for c, f in fields.items())
    has_persons = {"given_name", "family_name"} & set(fields.values())
    return Columns(fields, "organisation" if are_companies and not has_persons else "person")


def field_of(column: str) -> str | None:
    """Return the field that a column's name means, or None."""
    written = column.strip()
    if is_field(written):
        return written
    return _FIELD_OF.get(_plain(written))


def is_field(name: str) -> bool:
    """Say whether a column may be mapped to this."""
    if name in FIELDS:
        return True
    field, _, rest = name.partition(".")
    if field == "custom":
        return 0 < len(rest) <= _LONGEST_CUSTOM_NAME
    return rest in TYPED.get(field, ())


def mapped(
    columns: Sequence[str], sample: Sequence[Mapping[str, str]], given: Mapping[str, str]
) -> Columns:
    """Return the guess with what the caller knows better; a given field is no other column's.

    Raises:
        InvalidInputError: the file has no such column.
    """
    guess = guessed(columns, sample)
    missing = sorted(set(given) - set(columns))
    if missing and columns:
        raise InvalidInputError(
            f"The file has no column {', '.join(missing)}; it has {', '.join(columns)}.",
            field="map",
            fix="map columns by the names in the file's first line",
        )
    taken = {field for field in given.values() if _is_single(field)}
    kept = {column: field for column, field in guess.fields.items() if field not in taken}
    return Columns({**kept, **given}, guess.kind)


def _one_each(fields: dict[str, str]) -> None:
    """Let only the first of several columns be what a customer has one of."""
    seen: set[str] = set()
    for column, field in list(fields.items()):
        if field in seen and _is_single(field):
            del fields[column]
        seen.add(field)


def _is_single(field: str) -> bool:
    return field.partition(".")[0] not in {"email", "phone", "address", "tags", "note", IGNORED}


def _seen_in(cells: Iterable[str]) -> str | None:
    filled = [cell for cell in cells if cell]
    for field, pattern in (("email", _EMAIL), ("phone", _PHONE)):
        found = sum(pattern.fullmatch(cell) is not None for cell in filled)
        if filled and found >= _MOSTLY * len(filled):
            return field
    return None


def _plain(column: str) -> str:
    return re.sub(r"[\W_]+", "", column).casefold()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
