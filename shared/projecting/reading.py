"""Events read as their types say; one that cannot be read spoils no other."""

from collections.abc import Collection, Sequence

from shared.eventstore.codec import Ciphers, EventCodec
from shared.messaging.headers import ReceivedEvent
from shared.projecting.applied import AppliedEvent
from shared.projecting.poison import is_poison


async def read_events(
    events: Sequence[ReceivedEvent],
    codec: EventCodec,
    ciphers: Ciphers,
    discarded: Collection[str] = frozenset(),
) -> list[AppliedEvent]:
    """Return the events, opened; with what it is to blame for, where one cannot be read.

    Raises:
        UnavailableError: the key database does not answer.
    """
    wanted = [event for event in events if event.event_id not in discarded]
    try:
        decoded = await codec.decode(wanted, ciphers)
    except Exception as error:
        if not is_poison(error):
            raise
        read = [await _read_one(event, codec, ciphers) for event in wanted]
    else:
        read = [AppliedEvent(e, d) for e, d in zip(wanted, decoded, strict=True)]
    if len(wanted) == len(events):
        return read
    its = iter(read)
    return [AppliedEvent(e, None) if e.event_id in discarded else next(its) for e in events]


async def _read_one(event: ReceivedEvent, codec: EventCodec, ciphers: Ciphers) -> AppliedEvent:
    try:
        (decoded,) = await codec.decode([event], ciphers)
    except Exception as error:
        if not is_poison(error):
            raise
        return AppliedEvent(event, None, error)
    return AppliedEvent(event, decoded)
