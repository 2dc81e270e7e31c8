"""An answer says in its headers when it is not what it would be if nothing were behind."""

from typing import Final

from shared.projecting.backlog import BacklogWatch
from shared.projecting.watching import MarkWatcher

DATA_AS_OF: Final = "Daybook-Data-As-Of"
WARNING: Final = "Daybook-Warning"
DATED: Final = {
    DATA_AS_OF: "Only if the read model is behind by more than a minute, or is built anew after a"
    " restore: until when it is complete (RFC 3339)."
}
WARNED: Final = {
    WARNING: "Only if a read model or Kafka is behind by more than an hour:"
    ' visible-late; as-of="<time>"; text="<sentence>". The change is stored like every other.'
}
SENTENCE: Final = "The change is stored. Lists and subscribers will show it late."


def data_as_of(watcher: MarkWatcher, backlog: BacklogWatch) -> dict[str, str]:
    """Return the header of an answer from this read model; none as long as it is current."""
    at = watcher.as_of or backlog.as_of(watcher.followed.projection)
    return {} if at is None else {DATA_AS_OF: at.isoformat()}


def warning(backlog: BacklogWatch) -> dict[str, str]:
    """Return the header of an answer to a change; none as long as it is visible in time.

    HTTP had `Warning` for this, which RFC 9111 took away.
    """
    at = backlog.late_since
    if at is None:
        return {}
    return {WARNING: f'visible-late; as-of="{at.isoformat()}"; text="{SENTENCE}"'}
