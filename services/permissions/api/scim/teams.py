"""A team as a SCIM group, and a SCIM group as what is asked of the teams."""

from uuid import UUID

from services.permissions.api.scim.places import GROUPS, USERS, Places, meta_of
from services.permissions.api.scim.ports import KnownTeamOfPeople, Team
from services.permissions.api.scim.refusals import ScimRefusalError
from services.permissions.api.scim.schema import Group, Member


def group_of(known: KnownTeamOfPeople, places: Places) -> Group:
    """Return the team as a SCIM group."""
    place = places.of(GROUPS, known.id)
    return Group(
        id=str(known.id),
        external_id=known.team.external_id,
        display_name=known.team.title,
        members=[
            Member(value=str(member), ref=places.of(USERS, member), type="User")
            for member in known.team.members
        ]
        or None,
        meta=meta_of("Group", place, known.version),
    )


def team_of(group: Group) -> Team:
    """Return what a group asks for; whoever is named twice is in it once.

    Raises:
        ScimRefusalError: a member is no id of a user.
    """
    members = dict.fromkeys(_member_id(member) for member in group.members or [])
    return Team(group.display_name or "", group.external_id, tuple(members))


def _member_id(member: Member) -> UUID:
    try:
        return UUID(member.value or "")
    except ValueError:
        raise ScimRefusalError("invalidValue", "members") from None
