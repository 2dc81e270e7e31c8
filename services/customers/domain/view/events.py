"""What can happen to a saved view; its stream is `view-<id>`, its subject the view itself.

Name and query may say whom somebody looks for: they are sealed with a key of the view's own.
"""

from shared.events import Event, Personal


class ViewDetails(Personal):
    """What the view is called, and what it shows."""

    name: str
    """What its owner calls it."""
    query: dict[str, tuple[str, ...]]
    """Parameters of `GET /v1/customers` (q, stage, tag, custom.NAME, sort …) with their values."""
    columns: tuple[str, ...] = ()
    """The fields to show, in this order; none: whatever shows it decides."""


class ViewName(Personal):
    """A new name."""

    name: str
    """The name from now on."""


class ViewQuery(Personal):
    """What the view shows from now on."""

    query: dict[str, tuple[str, ...]]
    """Parameters of `GET /v1/customers` with their values, all of them."""
    columns: tuple[str, ...] = ()
    """The fields to show, in this order."""


class ViewSaved(Event):
    """Somebody saved a query of the directory; the actor owns it, and nobody else sees it."""

    key_commitment: str
    """base64url(SHA-256("daybook-kc" ‖ key)) of the key that seals the view."""
    personal: ViewDetails | None = None


class ViewRenamed(Event):
    """The view is called otherwise."""

    personal: ViewName | None = None


class ViewChanged(Event):
    """The view shows something else."""

    personal: ViewQuery | None = None


class ViewShared(Event):
    """Everybody who may read customers sees the view from now on; what it finds is up to theirs."""


class ViewUnshared(Event):
    """Only the owner sees the view again."""


class ViewDeleted(Event):
    """The view is gone for good: its key is destroyed, so nobody can read it, here or elsewhere."""

    kid: str
    """The reference of the key, as in the header of every JWE that it sealed."""


ViewEvent = ViewSaved | ViewRenamed | ViewChanged | ViewShared | ViewUnshared | ViewDeleted
