"""What is asked about: a record, and what the asker knows besides."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.authorization.permissions import Permission
from shared.authorization.state import RESTRICTED, Subject
from shared.authorization.truth import SEALED, Facts

DEEDS_TOLD: Final = frozenset({Permission.GRANTS_REQUEST.value, Permission.GRANTS_APPROVE.value})
"""Of these it is told who used them on a record (`Circumstances.deeds`), and of no others: only
these can a dynamic rule keep apart."""


@dataclass(slots=True)
class Record:
    """One record of a resource type, as far as decisions look at it; never altered."""

    type: str
    id: str
    owner: str | None = None
    """The subject who owns it; nobody's is reached by scope `all` alone."""
    sensitivity: int | None = None
    """The rank of its Clearance; None: restricted."""
    attributes: Mapping[str, object] = field(default_factory=dict)
    """What conditions may look at, as resource.<name>."""
    sealed: Collection[str] = ()
    """What it may have besides and nobody can read here: by these no condition is met."""

    @property
    def rank(self) -> int:
        """Return how secret it is."""
        return RESTRICTED if self.sensitivity is None else self.sensitivity


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a check may need besides who, what and which record; most need nothing of it."""

    wanted: int = 0
    """The position that the replica must have reached: what the asker has seen changed."""
    actor: str | None = None
    """Who acts as the subject, if it is somebody else."""
    deeds: Mapping[str, Collection[str]] | None = None
    """Permission → who has used it on this record. None: not known, so whatever a dynamic rule
    keeps apart is denied."""
    subject: Mapping[str, object] = field(default_factory=dict)
    """Attributes that a trusted caller says of the subject, before those on record."""
    action: Mapping[str, object] = field(default_factory=dict)
    context: Mapping[str, object] = field(default_factory=dict)


PLAINLY: Final = Circumstances()
"""Nothing besides."""


def facts_of(name: str, subject: Subject, record: Record | None, around: Circumstances) -> Facts:
    """Return what conditions look at; who somebody is and whose a record is, nobody can override.

    subject.id, kind, department, manager and teams, and resource.id, type and owner are always as
    on record.
    """
    resource = {} if record is None else _facts_of_record(record)
    return {
        "subject": {
            **subject.attributes,
            **around.subject,
            "id": name,
            "kind": subject.kind,
            "department": subject.department,
            "manager": subject.manager,
            "teams": sorted(subject.teams),
        },
        "resource": resource,
        "action": around.action,
        "context": around.context,
    }


def _facts_of_record(record: Record) -> dict[str, object]:
    return {
        **dict.fromkeys(record.sealed, SEALED),
        **record.attributes,
        "id": record.id,
        "type": record.type,
        "owner": record.owner,
    }
