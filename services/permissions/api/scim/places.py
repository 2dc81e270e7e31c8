"""Where each resource is, and the version by which a client knows it."""

from typing import Final
from uuid import UUID

from scim2_models import Meta, Reference

ROOT: Final = "/scim/v2"
USERS: Final = f"{ROOT}/Users"
GROUPS: Final = f"{ROOT}/Groups"
ME: Final = f"{ROOT}/Me"


class Places:
    """Says where resources are, as whole addresses (RFC 7644 §3.1): a proxy may stand before us.

    Args:
        public_url: where clients reach this service: scheme and host, without a path.
    """

    def __init__(self, public_url: str) -> None:
        self._url = public_url.rstrip("/")

    def of(self, collection: str, resource_id: UUID | str) -> Reference[str]:
        """Return where a resource is."""
        return Reference[str](f"{self._url}{collection}/{resource_id}")

    def at(self, path: str) -> str:
        """Return where something else under the root of SCIM is."""
        return f"{self._url}{ROOT}/{path}"


def meta_of(kind: str, place: str, version: str) -> Meta:
    """Return what the service itself says of a resource; ETags of SCIM are weak."""
    return Meta(resource_type=kind, location=place, version=f'W/"{version}"')
