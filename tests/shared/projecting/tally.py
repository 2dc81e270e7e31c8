"""A read model that writes down every event it is given, and a topic filled by hand."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import ClassVar
from uuid import UUID, uuid4

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import UnavailableError
from shared.events import Event
from shared.eventstore.codec import EventCodec
from shared.messaging.headers import Header, fixed_headers, source_of
from shared.messaging.topics import Topic
from shared.observability.traces import Tracing
from shared.projecting.applied import AppliedEvent
from shared.projecting.marks import Followed
from shared.projecting.runner import ProjectionRunner
from shared.projecting.versions import settings_of
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.ground.headers import headers_of
from tests.ground.notebook import SERVICE, Notebook
from tests.ground.servers import Databases

NAME = "tally"
PARTITIONS = 2
TABLE = """create table tally (n bigint generated always as identity, partition int, feed int,
    id text)"""
DEFINE = f"""
    insert into projection_definitions (projection, ddl) values ('tally', '{TABLE}');
    select make_projection_version('tally', 'the first');
    select swap_projection_version('tally', 1, false)"""
FOR_EVER = 1_000_000
Record = tuple[bytes, bytes, list[Header]]


def a_record(
    feed_position: int,
    *,
    epoch: int = 1,
    service: str = SERVICE,
    stream: str = "note-1",
    name: str = "NoteWritten",
    data: bytes = b"{}",
) -> Record:
    """Return the record of one event; its id ends with epoch and number."""
    values = [
        str(id_of(feed_position, epoch)).encode(), name.encode(), stream.encode(),
        b"2026-03-04T12:00:00.000000Z", b"%d" % feed_position, b"900:%d" % feed_position,
        f"urn:daybook:schema:{name}:1".encode(), b"me", b"c", None, None, None,
    ]  # fmt: skip
    headers = headers_of(values, feed_position, fixed_headers(service, epoch))
    return stream.encode(), data, headers


def id_of(feed_position: int, epoch: int = 1) -> UUID:
    """Return the id of the event of that number."""
    return UUID(int=epoch << 32 | feed_position)


def records(*feed_positions: int) -> list[Record]:
    """Return the records of these events of the first epoch, in this order."""
    return [a_record(n) for n in feed_positions]


class NoKeys:
    """Nothing here is personal, but asking for keys may fail."""

    def __init__(self) -> None:
        self.is_away = False

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        """Return no cipher."""
        if self.is_away:
            raise UnavailableError("the key database does not answer")
        return dict.fromkeys(kids)


class NoteWritten(Event):
    """Somebody wrote a note; most of these tests do not care what is in it."""

    text: str = ""


class NoteShredded(Event):
    """The note is gone for good."""

    erases_subject: ClassVar[bool] = True


CODEC = EventCodec([NoteWritten, NoteShredded])


class Tally:
    """Writes down what it is given; raises at what it is told to raise at."""

    name = NAME

    def __init__(self) -> None:
        # How often each event still raises, by its id; one that was discarded never does.
        self.poison: dict[UUID, int] = {}
        self.error: Exception = ValueError("this event cannot be applied: Ada Lovelace")
        self.forgotten: list[str] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Write down each event, then raise if one of them is poison."""
        for each in events:
            its = each.received
            await connection.execute(
                "insert into tally (partition, feed, id) values ($1, $2, $3)",
                its.partition, its.feed_position, its.event_id,
            )  # fmt: skip
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        for each in events:
            its_id = UUID(each.received.event_id)
            if each.event is not None and self.poison.get(its_id, 0) > 0:
                self.poison[its_id] -= 1
                raise self.error

    async def forget(self, _connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Write down whom it was to forget: nothing here is personal."""
        self.forgotten += subjects


class Following(Notebook):
    """A topic filled by hand, and runners of the tally that follow it."""

    def __init__(self, databases: Databases, kafka: KafkaSettings) -> None:
        topic = Topic(f"daybook.notes.{uuid4().hex[:12]}", PARTITIONS)
        super().__init__(databases, kafka, topic)
        self.followed = Followed(NAME, source_of(SERVICE), topic.name, PARTITIONS)
        self.tally = Tally()
        self.keys = NoKeys()

    async def open(self) -> None:
        """Make the tally's table and the topic; there is no store."""
        await self._make_table()
        await self.make_topic()

    async def new_runner(self) -> ProjectionRunner:
        """Return one more runner, not running."""
        its_tables = settings_of(NAME, self.followed.version)
        lanes = await self.lanes(self.databases.views_dsn, "projector", settings=its_tables)
        return ProjectionRunner(
            self.tally, self.followed, lanes, CODEC, self.keys, self.kafka, self.clock,
            Tracing(),
        )  # fmt: skip

    async def start_runner(self) -> ProjectionRunner:
        """Run one more runner until the end of the test; return when it follows, or fell down."""
        runner = await self.new_runner()
        status = runner.status
        self.run(runner)
        # One that fails at what lies there already follows for a moment only.
        await until(lambda: status.is_following or status.last_failure, what="that it follows")
        return runner

    async def _make_table(self) -> None:
        connection = await asyncpg.connect(self.databases.admin_dsn("views"))
        try:
            await connection.execute(DEFINE)
        finally:
            await connection.close()

    async def applied(self, partition: int = 0) -> list[int]:
        """Return the numbers of the events of a partition as they were applied, in order."""
        sql = "select feed from tally where partition = $1 order by n"
        return [row["feed"] for row in await self.ask("views", sql, partition)]

    async def has_applied(self, *feed_positions: int, partition: int = 0) -> None:
        """Return when exactly these were applied, in this order; more or twice is an error."""
        wanted = list(feed_positions)

        async def is_there() -> bool:
            return len(await self.applied(partition)) >= len(wanted)

        await until(is_there, what=f"that {wanted} are applied")
        assert await self.applied(partition) == wanted

    async def marks(self) -> dict[int, tuple[int, int, int, int]]:
        """Return epoch, number, txid and position of the mark of each partition."""
        rows = await self.ask("views", "select * from projection_marks where projection = 'tally'")
        return {
            row["partition"]: (row["epoch"], row["feed_position"], row["txid"], row["position"])
            for row in rows
        }
