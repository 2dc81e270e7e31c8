"""What each event of a subject's stream does to what is known of the subject."""

from collections.abc import Callable, Mapping
from sys import intern
from types import MappingProxyType
from typing import Any, Final

from shared.authorization.reading import (
    Data,
    clearance_of,
    members,
    moment_of,
    optional_text,
    same,
    scope_of,
    shape_of,
    text_in,
    texts,
)
from shared.authorization.state import FOREVER, Acting, Grant, Shape, Subject

Reader = Callable[[Subject, Data], Subject]
_SIMPLE: Final = (str, int, bool)


def _joined(subject: Subject, data: Data) -> Subject:
    """Whoever comes back starts anew: no grant, no exception, no trust is kept."""
    return Subject(
        kind="service" if text_in(data, "kind") == "service" else "person",
        owner=optional_text(data.get("owner")),
        manager=optional_text(data.get("manager")),
        department=optional_text(data.get("department")),
        teams=frozenset(texts(data.get("teams", ()))),
        attributes=_attributes({}, members(data.get("attributes"))),
        is_parked=subject.is_parked,
    )


def _moved(subject: Subject, data: Data) -> Subject:
    changed: dict[str, Any] = {
        name: optional_text(data[name])
        for name in ("manager", "department", "owner")
        if name in data
    }
    if "teams" in data:
        changed["teams"] = frozenset(texts(data["teams"] or ()))
    if subject.state == "left":
        return subject._replace(**_still_reached(subject, changed))
    return subject._replace(**changed)


def _still_reached(subject: Subject, changed: dict[str, Any]) -> dict[str, Any]:
    """Return what changes the place of somebody who left: another one, never none.

    A directory takes a leaver out of everything; what the leaver owns stays where it was until
    somebody puts the leaver elsewhere, or gives it to others.
    """
    if changed.get("teams", frozenset()) <= subject.teams:
        changed.pop("teams", None)
    if changed.get("department") is None:
        changed.pop("department", None)
    return changed


def _attributes_set(subject: Subject, data: Data) -> Subject:
    return subject._replace(attributes=_attributes(subject.attributes, members(data["attributes"])))


def _suspended(subject: Subject, _: Data) -> Subject:
    return subject._replace(state="suspended", acting=())


def _reinstated(subject: Subject, _: Data) -> Subject:
    return subject if subject.state == "erased" else subject._replace(state="active")


def _left(subject: Subject, _: Data) -> Subject:
    """The department and teams stay, so that colleagues still reach what the leaver owns."""
    return subject._replace(state="left", grants=(), exceptions={}, is_trusted=False, acting=())


def _erased(subject: Subject, _: Data) -> Subject:
    return Subject(kind=subject.kind, state="erased", is_parked=subject.is_parked)


def _trusted(subject: Subject, _: Data) -> Subject:
    return subject._replace(is_trusted=True)


def _distrusted(subject: Subject, _: Data) -> Subject:
    return subject._replace(is_trusted=False)


def _grant_given(subject: Subject, data: Data) -> Subject:
    role = optional_text(data.get("role"))
    target = text_in(data, "permission") if role is None else role
    # One text for all who have the role, not one for each of their grants.
    grant = Grant(text_in(data, "grant_id"), intern(target), shape_of(data))
    if subject.state in {"left", "erased"}:
        return subject
    others = (one for one in subject.grants if one.grant_id != grant.grant_id)
    return subject._replace(grants=(*others, grant))


def _grant_extended(subject: Subject, data: Data) -> Subject:
    return _reshaped(subject, data, until=moment_of(data["until"], FOREVER))


def _grant_reduced(subject: Subject, data: Data) -> Subject:
    changed: dict[str, int] = {}
    if data.get("scope") is not None:
        changed["scope"] = scope_of(data["scope"])
    if data.get("clearance") is not None:
        changed["clearance"] = clearance_of(data["clearance"])
    if data.get("until") is not None:
        changed["until"] = moment_of(data["until"], FOREVER)
    return _reshaped(subject, data, **changed)


def _grant_revoked(subject: Subject, data: Data) -> Subject:
    gone = text_in(data, "grant_id")
    return subject._replace(grants=tuple(one for one in subject.grants if one.grant_id != gone))


def _exception_given(subject: Subject, data: Data) -> Subject:
    until = moment_of(data["until"], FOREVER)
    return subject._replace(exceptions={**subject.exceptions, text_in(data, "rule"): until})


def _exception_withdrawn(subject: Subject, data: Data) -> Subject:
    rule = text_in(data, "rule")
    left = {name: until for name, until in subject.exceptions.items() if name != rule}
    return subject._replace(exceptions=left)


def _acting_begun(subject: Subject, data: Data) -> Subject:
    level, since = data["level"], moment_of(text_in(data, "since"), 0)
    if not isinstance(level, int):
        raise TypeError("a level is a whole number")
    acting_id, until = text_in(data, "acting_id"), moment_of(text_in(data, "until"), 0)
    begun = Acting(acting_id, text_in(data, "target"), level, until)
    lasting = (one for one in subject.acting if one.until > since)
    return subject._replace(acting=(*lasting, begun))


def _acting_ended(subject: Subject, data: Data) -> Subject:
    gone = text_in(data, "acting_id")
    return subject._replace(acting=tuple(one for one in subject.acting if one.acting_id != gone))


def _reshaped(subject: Subject, data: Data, **changed: int) -> Subject:
    """A grant that is over or was revoked stays so, whatever still happens to its id."""
    grant_id = text_in(data, "grant_id")
    return subject._replace(
        grants=tuple(
            one._replace(shape=_same(one.shape, changed)) if one.grant_id == grant_id else one
            for one in subject.grants
        )
    )


def _same(shape: Shape, changed: dict[str, Any]) -> Shape:
    return same(shape._replace(**changed))


def _attributes(before: Mapping[str, object], given: Data) -> dict[str, object]:
    if not all(value is None or isinstance(value, _SIMPLE) for value in given.values()):
        raise TypeError("an attribute is text, a whole number, true or false")
    return {name: value for name, value in {**before, **given}.items() if value is not None}


READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "SubjectJoined": _joined,
        "SubjectMoved": _moved,
        "SubjectAttributesSet": _attributes_set,
        "SubjectSuspended": _suspended,
        "SubjectReinstated": _reinstated,
        "SubjectLeft": _left,
        "SubjectErased": _erased,
        "CallerTrusted": _trusted,
        "CallerDistrusted": _distrusted,
        "GrantGiven": _grant_given,
        "GrantExtended": _grant_extended,
        "GrantReduced": _grant_reduced,
        "GrantRevoked": _grant_revoked,
        "SodExceptionGiven": _exception_given,
        "SodExceptionWithdrawn": _exception_withdrawn,
        "ActingBegun": _acting_begun,
        "ActingEnded": _acting_ended,
    }
)
"""Event type → what it does; types that are not here change nothing a decision needs."""
