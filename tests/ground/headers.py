"""The headers of one of our events, as whoever sends it by any Kafka client gives them."""

from collections.abc import Sequence

from shared.messaging.headers import HEADER_NAMES, Header


def headers_of(
    values: Sequence[bytes | None], feed_position: int, fixed: Sequence[Header]
) -> list[Header]:
    """Return them in the order in which our relay sends them; `values` go with HEADER_NAMES."""
    named = zip(HEADER_NAMES, values, strict=True)
    own = [(name, value) for name, value in named if value is not None]
    return [*fixed, ("ce_feedposition", b"%d" % feed_position), *own]
