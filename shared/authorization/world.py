"""Everything that decisions are made from, as of one position; a batch of events makes the next.

A world is never altered once it is seen, so a check that holds one never sees half a change. Only
what a batch touches is copied or compiled again: a subject's entry is compiled when it is first
asked for, and lives on in the next world unless its subject, its owner or one of its roles changed.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from shared.authorization import policy_events, subject_events
from shared.authorization.compiling import Entry, compiled
from shared.authorization.membership import Membership
from shared.authorization.policy import Policy
from shared.authorization.state import PermissionEvent, Subject
from shared.errors import InvalidInputError

UNREADABLE: Final = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, InvalidInputError,
)  # fmt: skip
"""What reading raises for what it cannot read."""
POLICY: Final = "policy"
SUBJECT: Final = "subject-"


class Troubles:
    """How often a check failed and was therefore denied; one for all worlds of a replica."""

    def __init__(self) -> None:
        self.count = 0
        self.last = ""

    def note(self, error: Exception) -> None:
        """Count it; its kind is kept and its words, which may hold data, are not."""
        self.count += 1
        self.last = type(error).__name__


class World:
    """One state; `after` makes the next. Unknown is always denied, so an empty world denies all."""

    __slots__ = (
        "entries", "limits", "membership", "places", "policy", "position", "strictest",
        "subjects", "troubles",
    )  # fmt: skip

    def __init__(
        self,
        policy: Policy | None = None,
        subjects: Mapping[str, Subject] | None = None,
        position: int = 0,
        *,
        entries: dict[str, Entry] | None = None,
        membership: Membership | None = None,
        troubles: Troubles | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self.subjects = subjects or {}
        self.position = position
        self.limits = self.policy.limits
        self.strictest = self.policy.strictest
        self.places = self.policy.places
        self.membership = membership or Membership(self.subjects)
        self.troubles = troubles or Troubles()
        self.entries = entries if entries is not None else {}

    def entry(self, subject: str) -> Entry | None:
        """Return the compiled rights of a subject; None if there is no such subject."""
        entry = self.entries.get(subject)
        if entry is None and subject in self.subjects:
            entry = self.entries[subject] = compiled(subject, self.subjects, self.policy)
        return entry

    def compile_all(self) -> None:
        """Compile every entry now rather than at the subject's first check."""
        for subject in self.subjects:
            self.entry(subject)

    def after(self, events: Iterable[PermissionEvent]) -> "World":
        """Return the world after these events, in their order; this one stays as it is.

        What is at or before the position has happened already and is skipped. What cannot be read
        makes its subject or role deny (and everything, if it may concern everything) until the
        world is read anew from a snapshot.
        """
        draft = _Draft(self)
        for event in events:
            if event.position > draft.position:
                draft.take(event)
                draft.position = event.position
        return draft.world()


class _Draft:
    """The world to be, while a batch is read; nobody sees it."""

    def __init__(self, before: World) -> None:
        self._before = before
        self.position = before.position
        self._policy = before.policy
        self._touched: dict[str, Subject] = {}

    def take(self, event: PermissionEvent) -> None:
        if event.stream == POLICY:
            self._take_policy(event)
        elif event.stream.startswith(SUBJECT):
            self._take_subject(event.stream.removeprefix(SUBJECT), event)

    def world(self) -> World:
        before, touched = self._before, self._touched
        if not touched and self._policy is before.policy:
            entries, subjects, membership = before.entries, before.subjects, before.membership
        else:
            subjects = {**before.subjects, **touched} if touched else before.subjects
            entries = self._entries_left(subjects)
            membership = before.membership.after(touched, before.subjects, subjects)
        return World(
            self._policy, subjects, self.position,
            entries=entries, membership=membership, troubles=before.troubles,
        )  # fmt: skip

    def _take_policy(self, event: PermissionEvent) -> None:
        reader = policy_events.READERS.get(event.type)
        if event.data is None:
            self._park_policy(event)
        elif reader is not None:
            try:
                self._policy = reader(self._policy, event.data)
            except UNREADABLE:
                self._park_policy(event)

    def _park_policy(self, event: PermissionEvent) -> None:
        self._policy = policy_events.parked(self._policy, event)

    def _take_subject(self, name: str, event: PermissionEvent) -> None:
        reader = subject_events.READERS.get(event.type)
        if reader is None and event.data is not None:
            return
        subject = self._touched.get(name) or self._before.subjects.get(name)
        try:
            if event.data is None or reader is None:
                raise ValueError("an event that cannot be read")
            if subject is None and event.type != "SubjectJoined":
                raise KeyError(name)
            self._touched[name] = reader(subject or Subject(), event.data)
        except UNREADABLE:
            self._touched[name] = (subject or Subject())._replace(is_parked=True)

    def _entries_left(self, subjects: Mapping[str, Subject]) -> dict[str, Entry]:
        """Return the entries that are as they were."""
        before = self._before
        entries = before.entries.copy()
        for name in self._touched:
            entries.pop(name, None)
        if any(_changed_state(name, before.subjects, subjects) for name in self._touched):
            for name, subject in subjects.items():
                if subject.owner is not None:
                    entries.pop(name, None)
        if self._policy is before.policy:
            return entries
        return _of_same_roles(entries, subjects, before.policy, self._policy)


def _changed_state(
    name: str, before: Mapping[str, Subject], subjects: Mapping[str, Subject]
) -> bool:
    was, now = before.get(name), subjects[name]
    return was is None or (was.state, was.is_parked) != (now.state, now.is_parked)


def _of_same_roles(
    entries: dict[str, Entry], subjects: Mapping[str, Subject], was: Policy, now: Policy
) -> dict[str, Entry]:
    """Return the entries that a change of the policy leaves as they were."""
    if (was.is_parked, was.permissions.keys()) != (now.is_parked, now.permissions.keys()):
        return {}
    changed = now.changed_roles(was)
    if was.duties != now.duties:
        return {}
    if not changed:
        return entries
    return {
        name: entry
        for name, entry in entries.items()
        if not any(grant.target in changed for grant in subjects[name].grants)
    }
