"""Nobody lends themself rights by what they say, and a search finds exactly what a check allows."""

import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from services.permissions.application.evaluating import Evaluated, Evaluator
from services.permissions.application.questions import Action, Entity, Question
from services.permissions.application.resources import Known, Resources
from services.permissions.projections.customer_owners import CustomerOwners
from services.permissions.projections.customer_records import CustomerRecords
from services.permissions.projections.incoming import (
    CustomerArchived,
    CustomerRegistered,
    CustomerStageChanged,
)
from shared.authorization.codes import Code
from shared.authorization.filtering import Columns
from shared.authorization.questions import Record
from shared.authorization.reading import moment as micros
from shared.authorization.rights import Basis
from shared.authorization.world import World
from shared.events import Event
from shared.eventstore.tokens import TokenPart
from shared.messaging.headers import ReceivedEvent
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent
from shared.projecting.versions import settings_of
from tests.ground.servers import Databases, Servers, new_databases
from tests.permissions.views import make_read_models
from tests.shared.authorization.story import ANA, BEN, CAT, DAN, NOON, Story
from tests.shared.web.stage import Stage

CALLER, FRIEND = (f"00000000-0000-4000-8000-0000000000{one}" for one in ("e1", "e2"))
ACTIVE = {"attribute": "resource.status", "is": "ne", "value": "archived"}
AN_ADMIN = {"attribute": "subject.role", "is": "eq", "value": "admin"}
IDS = {"ana": ANA, "ben": BEN, "cat": CAT, "dan": DAN}
CUSTOMERS = [f"018f0000-0000-7000-8000-{number:012x}" for number in range(60)]


class People:
    """The names of the people of a story."""

    async def names(self, _basis: Basis) -> "People":
        return self

    def id_of(self, name: str) -> str | None:
        return IDS.get(name)

    def name_of(self, subject: str) -> str:
        return next(name for name, one in IDS.items() if one == subject)

    def shown(self, subject: str) -> str | None:
        return self.name_of(subject)

    def described(self, subject: str) -> Mapping[str, object]:
        return {"email": f"{self.name_of(subject)}@work.example"}


class ThreeRecords:
    """Records of others that the policy names."""

    def declared(self, resource_type: str) -> Mapping[str, Record]:
        names = ("r-1", "r-2", "r-3") if resource_type == "record" else ()
        return {name: Record("record", name, ANA, None, {"status": "open"}) for name in names}


class OneCustomer:
    """One customer of ours, which is Ana's."""

    columns = Columns(type="customer", id="id", owner="owner")

    async def now(self, ids: Collection[str]) -> Mapping[str, Known]:
        return {"c-1": self} if "c-1" in ids else {}

    def record(self, record_id: str, sensitivity: int | None) -> Record:
        return Record("customer", record_id, ANA, sensitivity)

    async def at(self, record_id: str, moment: datetime) -> Known | None:
        raise AssertionError("nobody asks of the past here")

    async def page(
        self, rows: str, values: Sequence[object], after: str, limit: int
    ) -> Sequence[str]:
        raise AssertionError("not searched here")


class Fixed:
    """Decisions by the world of a story, at noon."""

    def __init__(self, world: World) -> None:
        self._world = world

    def basis(self) -> Basis:
        return Basis(self._world, 1, micros(NOON), 0.0)

    async def has_reached(self, _seen: Sequence[TokenPart]) -> bool:
        return True


def a_story() -> Story:
    story = Story().service(CALLER, ANA).service(FRIEND, ANA).of(FRIEND, "CallerTrusted")
    for name in ("record", "customer"):
        story.policy("DataClassSet", resource_type=name, field="*", data_class="internal")
    return story.person(ANA).person(BEN)


def evaluator(story: Story, own: CustomerRecords | OneCustomer | None = None) -> Evaluator:
    resources = Resources({"customer": own or OneCustomer()}, ThreeRecords())
    return Evaluator(Fixed(story.world), People(), resources, Stage().recorder.decisions)


def a_role(story: Story, role: str, permission: str, ways: str, condition: object = None) -> None:
    story.permission(permission)
    story.policy("RoleDefined", role=role, level=10, title={"en": role})
    story.allow(role, permission, ways, **({} if condition is None else {"condition": condition}))


async def evaluate(its: Evaluator, question: Question, caller: str = CALLER) -> Evaluated:
    return (await its.sit([question.resource], caller, lambda _: None)).evaluate(question)


def asked(name: str, does: str, resource: Entity, **said: object) -> Question:
    return Question(Entity("user", name, said), Action(does), resource)


async def test_what_a_caller_says_of_a_subject_counts_only_if_the_caller_is_trusted() -> None:
    story = a_story()
    a_role(story, "writer", "record:write", "all/internal", {"any": [ACTIVE, AN_ADMIN]})
    story.give(ANA, "writer")
    its = evaluator(story)
    question = asked("ana", "write", Entity("record", "x", {"status": "archived"}), role="admin")
    assert (await evaluate(its, question)).code is Code.CONDITION
    assert (await evaluate(its, question, FRIEND)).allowed
    assert not (await evaluate(its, question, "nobody")).allowed


async def test_nobody_says_who_somebody_else_is_or_what_our_own_records_are() -> None:
    story = a_story()
    a_role(story, "reader", "customer:read", "own/internal")
    story.give(ANA, "reader").give(BEN, "reader")
    its = evaluator(story)
    his = Entity("customer", "c-1", {"owner": BEN, "sensitivity": 0})
    assert (await evaluate(its, asked("ben", "read", his, id=ANA), FRIEND)).code is (
        Code.OUT_OF_SCOPE
    )
    assert (await evaluate(its, asked("ana", "read", Entity("customer", "c-1")))).allowed
    nowhere = Entity("customer", "c-2", {"owner": ANA})
    assert not (await evaluate(its, asked("ana", "read", nowhere), FRIEND)).allowed


async def test_what_the_policy_says_of_a_record_of_others_and_the_caller_does_not_is_known() -> (
    None
):
    story = a_story()
    a_role(story, "reader", "record:read", "own/internal", ACTIVE)
    story.give(ANA, "reader").give(BEN, "reader")
    its = evaluator(story)
    assert (await evaluate(its, asked("ana", "read", Entity("record", "r-1")))).allowed
    closed = Entity("record", "r-1", {"status": "archived"})
    assert (await evaluate(its, asked("ana", "read", closed))).code is Code.CONDITION
    assert (await evaluate(its, asked("ben", "read", Entity("record", "r-1")))).code is (
        Code.OUT_OF_SCOPE
    )
    unknown = Entity("record", "x", {"status": "open", "owner": ANA})
    assert not (await evaluate(its, asked("ana", "read", unknown))).allowed, "nobody's"


@pytest.mark.parametrize(
    "question",
    [
        asked("eve", "read", Entity("record", "r-1")),
        asked("ana", "fly", Entity("record", "r-1")),
        Question(Entity("robot", "ana"), Action("read"), Entity("record", "r-1")),
        asked("ana", "read", Entity("moon", "r-1")),
    ],
)
async def test_whoever_or_whatever_is_unknown_is_denied(question: Question) -> None:
    story = a_story()
    a_role(story, "reader", "record:read", "all/internal")
    story.give(ANA, "reader")
    assert not (await evaluate(evaluator(story), question, FRIEND)).allowed


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    async with new_databases(servers, ["views"]) as fresh:
        await make_read_models(fresh)
        yield fresh


@pytest.fixture
async def customers(databases: Databases, dice: random.Random) -> AsyncIterator[CustomerRecords]:
    """Sixty customers of four people and of nobody, at several stages, some archived."""
    projector = Lanes(
        dsn_for(databases.views_dsn, "projector"), 1, application_name="test",
        settings=settings_of("customer_owners", 1),
    )  # fmt: skip
    reader = Lanes(dsn_for(databases.views_dsn, "api"), 1, application_name="test")
    await projector.open()
    await reader.open()
    events: list[AppliedEvent] = []
    for one in CUSTOMERS:
        owner = dice.choice([*IDS.values(), None])
        events.append(_came(one, 1, CustomerRegistered(kind="person", owner=_uuid(owner))))
        events.append(
            _came(one, 2, CustomerStageChanged(stage=dice.choice(["lead", "active", "closed"])))
        )
        if dice.random() < 0.3:
            events.append(_came(one, 3, CustomerArchived()))
    async with projector.lane() as connection:
        await CustomerOwners().apply(connection, events)
    yield CustomerRecords(reader)
    await projector.close()
    await reader.close()


CONDITIONS = (
    None,
    {"attribute": "resource.stage", "is": "ne", "value": "closed"},
    {"attribute": "resource.archived", "is": "eq", "value": False},
    {"attribute": "resource.owner", "is": "absent"},
    {"attribute": "resource.weather", "is": "ne", "value": "rain"},
    {"not": {"attribute": "resource.kind", "is": "in", "value": ["organisation"]}},
    {"attribute": "resource.tags", "is": "absent"},
    {"any": [{"attribute": "resource.tags", "is": "present"}, AN_ADMIN]},
)


async def test_a_search_of_customers_finds_exactly_those_that_a_check_allows(
    customers: CustomerRecords, dice: random.Random
) -> None:
    found_any = refused_any = False
    for _ in range(40):
        story = a_story().person(CAT, "north").person(DAN, "north", department="sales")
        for number in range(dice.randrange(1, 3)):
            scope = dice.choice(["own", "team", "department", "all"])
            ways = f"{scope}/{dice.choice(['public', 'internal', 'internal'])}"
            a_role(story, f"role{number}", "customer:read", ways, dice.choice(CONDITIONS))
            story.give(dice.choice([CAT, DAN]), f"role{number}")
        if dice.random() < 0.3:
            story.give(CAT, permission="customer:read", effect="deny", records=CUSTOMERS[:30])
        its = evaluator(story, customers)
        name = dice.choice(["cat", "dan"])
        about = [Entity("customer", one) for one in CUSTOMERS]
        sitting = await its.sit(about, CALLER, lambda _: None)
        allowed = [one.id for one in about if sitting.evaluate(asked(name, "read", one)).allowed]
        assert await _all(its, asked(name, "read", Entity("customer", "-")), dice) == allowed
        found_any, refused_any = found_any or bool(allowed), refused_any or len(allowed) < 60
    assert found_any
    assert refused_any


async def _all(its: Evaluator, question: Question, dice: random.Random) -> list[str]:
    """Return what all pages have, each of a size of its own."""
    found: list[str] = []
    while page := await its.resources(
        question, CALLER, found[-1] if found else "", dice.randrange(1, 40)
    ):
        found += page
    return found


def _uuid(owner: str | None) -> UUID | None:
    return None if owner is None else UUID(owner)


def _came(customer_id: str, version: int, event: Event) -> AppliedEvent:
    at = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=version)).isoformat()
    received = ReceivedEvent(
        "/daybook/customers", 1, "topic", 0, 0, 0, 0, 0, "", type(event).__name__, 1,
        f"customer-{customer_id}", version, customer_id, at, None, orjson.dumps({}),
    )  # fmt: skip
    return AppliedEvent(received, event)
