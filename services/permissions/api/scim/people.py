"""A person as a SCIM user, and a SCIM user as what is asked of the people.

The identity provider reads back its own words as long as they still say what is true: somebody may
have changed the name or the department since, in Daybook itself.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from scim2_models import GroupMembership

from services.permissions.api.scim.departments import department_path
from services.permissions.api.scim.places import GROUPS, USERS, Places, meta_of
from services.permissions.api.scim.ports import Account, KnownPerson
from services.permissions.api.scim.refusals import ScimRefusalError
from services.permissions.api.scim.schema import Email, EnterpriseUser, Manager, Name, Person

WORK: Final = "work"


def user_of(known: KnownPerson, places: Places) -> Person:
    """Return the person as a SCIM user."""
    account = known.account
    place = places.of(USERS, known.id)
    user = Person(
        id=str(known.id),
        external_id=account.external_id,
        user_name=account.user_name,
        name=_name(account.as_given),
        display_name=_display_name(account),
        active=None if _is_unassigned(account) else account.is_active,
        emails=_emails(account),
        groups=[
            GroupMembership(
                value=str(team.id),
                ref=places.of(GROUPS, team.id),
                display=team.title,
                type="direct",
            )
            for team in known.teams
        ]
        or None,
        meta=meta_of("User", place, known.version),
    )
    department = _department(account)
    if department is not None or account.manager is not None:
        user[EnterpriseUser] = EnterpriseUser(
            department=department, manager=_manager(account, places)
        )
    return user


def account_of(user: Person, before: Account | None = None) -> Account:
    """Return what a user asks for; without `active` everything stays, and somebody new is there.

    Raises:
        ScimRefusalError: the manager is no id.
    """
    extension = user[EnterpriseUser] or EnterpriseUser()
    kept = [one for one in user.emails or [] if one.value and one.type in {None, WORK}]
    as_given: dict[str, Any] = {
        "displayName": user.display_name,
        "name": user.name and user.name.model_dump(),
        "emails": [one.model_dump() for one in kept],
        "department": extension.department,
        "active": user.active,
    }
    was_active = before is None or before.is_active
    return Account(
        user_name=user.user_name or "",
        display_name=_called(as_given, user.user_name or ""),
        emails=_addresses(as_given),
        external_id=user.external_id,
        department=department_path(extension.department),
        manager=_manager_id(extension.manager),
        is_active=was_active if user.active is None else user.active,
        as_given=as_given,
    )


def _name(given: Mapping[str, Any]) -> Name | None:
    name = given.get("name")
    return Name.model_validate(name) if name else None


def _called(given: Mapping[str, Any], user_name: str) -> str:
    """Return what people call somebody, from the best of what the identity provider gave."""
    name = given.get("name") or {}
    parts = (name.get("givenName"), name.get("familyName"))
    joined = " ".join(part for part in parts if part)
    return given.get("displayName") or name.get("formatted") or joined or user_name


def _display_name(account: Account) -> str | None:
    if _called(account.as_given, account.user_name) != account.display_name:
        return account.display_name
    given: str | None = account.as_given.get("displayName")
    return given


def _addresses(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses, the main one first, each once."""
    main_first = sorted(given.get("emails") or [], key=lambda one: not one.get("primary"))
    return tuple(dict.fromkeys(one["value"] for one in main_first))


def _emails(account: Account) -> list[Email] | None:
    if _addresses(account.as_given) == account.emails:
        return [Email.model_validate(one) for one in account.as_given.get("emails") or []] or None
    return [
        Email(value=address, type=Email.Type.work, primary=address == account.emails[0])
        for address in account.emails
    ]


def _department(account: Account) -> str | None:
    given: str | None = account.as_given.get("department")
    return given if department_path(given) == account.department else account.department


def _manager(account: Account, places: Places) -> Manager | None:
    if account.manager is None:
        return None
    return Manager(value=str(account.manager), ref=places.of(USERS, account.manager))


def _manager_id(manager: Manager | None) -> UUID | None:
    if manager is None or not manager.value:
        return None
    try:
        return UUID(manager.value)
    except ValueError:
        raise ScimRefusalError("invalidValue", "manager") from None


def _is_unassigned(account: Account) -> bool:
    """Say whether the identity provider took `active` away: it says nothing then, and nor do we."""
    return "active" in account.as_given and account.as_given["active"] is None
