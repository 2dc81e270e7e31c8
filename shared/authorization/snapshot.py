"""A world as bytes: what a replica starts from without reading all events, and its hash.

Nothing personal is in it. Equal worlds at one position have equal bytes.
"""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final

import orjson

from shared.authorization.policy_document import policy_document, policy_from
from shared.authorization.shapes import shape_document, shape_from
from shared.authorization.state import PLAIN, Acting, Grant, Shape, Subject
from shared.authorization.world import UNREADABLE, World
from shared.garbage import kept_for_good

FORMAT: Final = 1
_SORTED: Final = orjson.OPT_SORT_KEYS
_NOBODY: Final = Subject()
_GRANT: Final[Callable[[tuple[str, str, Shape]], Grant]] = partial(tuple.__new__, Grant)


class UnreadableSnapshotError(ValueError):
    """Bytes that are no snapshot, or one of another format: start from another or from events."""


def to_bytes(world: World) -> bytes:
    """Return the world as JSON."""
    return orjson.dumps(
        {"format": FORMAT, "position": world.position, **_state(world)}, option=_SORTED
    )


def from_bytes(snapshot: bytes) -> World:
    """Return the world that was written; its entries are compiled as they are asked for.

    Raises:
        UnreadableSnapshotError: it was not written by `to_bytes`, or in another format.
    """
    try:
        # To look through a hundred thousand grants for garbage takes a third of the time.
        with kept_for_good():
            return _world(orjson.loads(snapshot))
    except UNREADABLE as error:
        raise UnreadableSnapshotError("this is no snapshot of permissions") from error


def _world(document: dict[str, Any]) -> World:
    if document["format"] != FORMAT:
        raise ValueError("another format")
    shapes = [PLAIN, *(shape_from(one) for one in document["shapes"])]
    targets = document["targets"]
    subjects = {
        name: _subject(members, targets, shapes) for name, members in document["subjects"].items()
    }
    return World(policy_from(document["policy"]), subjects, document["position"])


def state_hash(world: World) -> str:
    """Return what two worlds have in common exactly if they decide alike: the position aside."""
    return sha256(orjson.dumps(_state(world), option=_SORTED)).hexdigest()


def _state(world: World) -> dict[str, Any]:
    subjects = world.subjects
    used = {grant.shape for one in subjects.values() for grant in one.grants} - {PLAIN}
    documents = sorted(
        ((orjson.dumps(shape_document(one)), one) for one in used), key=itemgetter(0)
    )
    numbers = {PLAIN: 0} | {shape: number for number, (_, shape) in enumerate(documents, 1)}
    names = sorted({grant.target for one in subjects.values() for grant in one.grants})
    places = {name: number for number, name in enumerate(names)}
    return {
        "targets": names,
        "policy": policy_document(world.policy),
        "shapes": [orjson.Fragment(text) for text, _ in documents],
        "subjects": {name: _document(one, places, numbers) for name, one in subjects.items()},
    }


def _document(
    subject: Subject, targets: Mapping[str, int], shapes: Mapping[Shape, int]
) -> dict[str, Any]:
    """Return the members that are not as in a blank subject."""
    document = {
        name: value for name, value in subject._asdict().items() if value != getattr(_NOBODY, name)
    }
    if "teams" in document:
        document["teams"] = sorted(subject.teams)
    if "grants" in document:
        document["grants"] = [
            (grant_id, targets[target], shapes[shape]) for grant_id, target, shape in subject.grants
        ]
    if "acting" in document:
        document["acting"] = [tuple(one) for one in subject.acting]
    return document


def _subject(members: dict[str, Any], targets: list[str], shapes: list[Shape]) -> Subject:
    if "teams" in members:
        members["teams"] = frozenset(members["teams"])
    grants = members.get("grants")
    if grants is not None:
        members["grants"] = tuple(
            # Twice as fast as Grant(…), and there are a hundred thousand of them.
            [_GRANT((grant_id, targets[one], shapes[other])) for grant_id, one, other in grants]
        )
    if "acting" in members:
        members["acting"] = tuple(Acting(*one) for one in members["acting"])
    return Subject(**members)
