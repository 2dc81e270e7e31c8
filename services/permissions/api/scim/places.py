"""Where each resource is, and the version by which a client knows it."""

from typing import Final
from uuid import UUID

from scim2_models import Meta, Reference

ROOT: Final = "/scim/v2"
USERS: Final = f"{ROOT}/Users"
GROUPS: Final = f"{ROOT}/Groups"


def place_of(collection: str, resource_id: UUID) -> Reference[str]:
    """Return where a resource is, from the root of this server."""
    return Reference[str](f"{collection}/{resource_id}")


def meta_of(kind: str, place: str, version: str) -> Meta:
    """Return what the service itself says of a resource; ETags of SCIM are weak."""
    return Meta(resource_type=kind, location=place, version=f'W/"{version}"')
