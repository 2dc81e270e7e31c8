"""A customer is erased everywhere, once, whatever happens at the same moment."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from services.customers.application.erasure_watch import ErasureWatcher
from services.customers.application.holding import CopyHolders
from services.customers.application.loading import LoadedCustomer
from services.customers.domain.erasure.events import PersonalDataErased
from services.customers.storage.codec import CODEC
from shared.errors import NotFoundError, UnavailableError
from shared.projecting.holders import ErasedSubject, Holder
from shared.security.cipher_cache import CipherCache
from shared.security.ledger_file import NAME
from shared.security.subject_keys import SubjectKeys
from shared.testing.waiting import until
from tests.customers.api.asking import NOBODY, assert_problem, if_match, register, rename
from tests.ground.house import House

ACTOR = "0b1e0000-0000-4000-8000-00000000e5a5"
# Long and odd enough that no id and no ciphertext holds one by chance.
PERSONAL = ("Adelheid", "Lovelace", "Kingsley", "adelheid@work.example")
MINUTE, HOUR = 61.0, 3601.0


async def watcher_of(house: House, *more: Holder) -> ErasureWatcher:
    copies = CopyHolders([*house.copies.ours, *more], house.grants, house.consumers)
    return ErasureWatcher(house.erasures, house.store, copies, house.clock)


async def ada_of(house: House) -> UUID:
    """Register and rename Ada."""
    alice = house.client("alice")
    ada = await rename(
        alice,
        await register(alice, "Adelheid Lovelace", "adelheid@work.example"),
        "Adelheid Kingsley",
    )
    return UUID(ada["id"])


async def types_of(house: House, stream: str) -> list[str]:
    return [event.type for event in await house.store.load(stream)]


async def answered(house: House, customer_id: UUID) -> list[str]:
    stored = await house.store.load(f"erasure-{customer_id}")
    events = await CODEC.decode(stored, house.keys)
    return [event.holder for event in events if isinstance(event, PersonalDataErased)]


class Silent:
    """A holder that never answers."""

    name = "silent"

    async def has_erased(self, _subject: ErasedSubject) -> bool:
        """Say no."""
        return False


class TestErasing:
    async def test_what_is_left_is_that_it_happened_and_who_asked_for_it(
        self, house: House
    ) -> None:
        ada = await ada_of(house)
        erased = await house.erasures.erase_customer(ada, actor=ACTOR)
        assert await types_of(house, f"customer-{ada}") == [
            "CustomerRegistered", "CustomerRenamed", "CustomerErasureStarted", "CustomerErased",
        ]  # fmt: skip
        assert await types_of(house, f"erasure-{ada}") == ["ErasureOpened"]
        assert (erased.version, erased.subject, erased.origin.actor) == (4, str(ada), ACTOR)
        loaded = await house.reader.load(ada)
        assert (loaded.customer.name, loaded.customer.is_erased) == (None, True)

    async def test_every_change_is_refused_from_the_start_on(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await ada_of(house)

        async def away(_keys: SubjectKeys, _kid: str) -> None:
            raise UnavailableError("the key database does not answer")

        monkeypatch.setattr(SubjectKeys, "destroy", away)
        with pytest.raises(UnavailableError):
            await house.erasures.erase_customer(ada, actor=ACTOR)
        answer = await house.client("alice").post(
            f"/v1/customers/{ada}/rename", json={"name": "Eve"}, headers=if_match(3)
        )
        assert_problem(answer, 409, "customer-erased")
        monkeypatch.undo()
        await (await watcher_of(house)).look()
        assert (await types_of(house, f"customer-{ada}"))[-1] == "CustomerErased"

    async def test_asking_twice_and_at_the_same_moment_erases_once(self, house: House) -> None:
        ada = await ada_of(house)
        erasures = house.erasures
        asked = [erasures.erase_customer(ada, actor=ACTOR) for _ in range(4)]
        first, *others = [erased.event_id for erased in await asyncio.gather(*asked)]
        again = await erasures.erase_customer(ada, actor=ACTOR)
        assert {*others, again.event_id} == {first}
        assert await types_of(house, f"customer-{ada}") == [
            "CustomerRegistered", "CustomerRenamed", "CustomerErasureStarted", "CustomerErased",
        ]  # fmt: skip
        assert await types_of(house, f"erasure-{ada}") == ["ErasureOpened"]

    async def test_nobody_who_is_not_there_is_erased(self, house: House) -> None:
        with pytest.raises(NotFoundError):
            await house.erasures.erase_customer(NOBODY, actor=ACTOR)
        with pytest.raises(NotFoundError):
            await house.erasures.finish(await ada_of(house))


class TestWhileARenameIsUnderWay:
    async def test_a_rename_that_was_loaded_before_the_erasure_is_refused_at_the_append(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = await ada_of(house)
        load = type(house.reader).load

        async def load_and_erase(reader: Any, *args: Any, **more: Any) -> LoadedCustomer:  # noqa: ANN401
            monkeypatch.setattr(type(house.reader), "load", load)
            loaded: LoadedCustomer = await load(reader, *args, **more)
            ciphers = await house.keys.read([loaded.kid])
            await house.erasures.erase_customer(ada, actor=ACTOR)
            # As if the key had been read just before it was destroyed.
            monkeypatch.setattr(SubjectKeys, "read", _answering(ciphers))
            return loaded

        monkeypatch.setattr(type(house.reader), "load", load_and_erase)
        answer = await house.client("alice").post(
            f"/v1/customers/{ada}/rename", json={"name": "Eve"}, headers=if_match(2)
        )
        assert_problem(answer, 412, "version-conflict", field="If-Match")
        assert (await types_of(house, f"customer-{ada}"))[2:] == [
            "CustomerErasureStarted",
            "CustomerErased",
        ]

    async def test_a_rename_that_is_faster_is_erased_with_everything_before_it(
        self, house: House
    ) -> None:
        ada = await ada_of(house)
        stopping = asyncio.Event()

        async def rename_all_the_time() -> list[int]:
            codes = []
            alice = house.client("alice")
            while not stopping.is_set():
                version = await house.store.version_of(f"customer-{ada}")
                answer = await alice.post(
                    f"/v1/customers/{ada}/rename",
                    json={"name": f"Adelheid {version}"},
                    headers=if_match(version),
                )
                codes.append(answer.status_code)
            return codes

        renaming = asyncio.create_task(rename_all_the_time())
        await until(lambda: _is_at_least(house, ada, 5), what="that renames go on")
        await house.erasures.erase_customer(ada, actor=ACTOR)
        stopping.set()
        assert set(await renaming) <= {200, 409, 412}
        types = await types_of(house, f"customer-{ada}")
        assert types[-2:] == ["CustomerErasureStarted", "CustomerErased"]
        assert (await house.reader.load(ada)).customer.name is None


class TestEveryHolder:
    async def test_nothing_personal_is_left_anywhere_and_every_holder_says_so(
        self, house: House
    ) -> None:
        await house.start()
        ada = await ada_of(house)
        await house.caught_up()
        await house.erasures.erase_customer(ada, actor=ACTOR)
        watcher = await watcher_of(house)
        await house.caught_up()
        assert await watcher.look() == 1
        at_once = ["imports", "last-looks", "parked-events", "read-models"]
        assert await answered(house, ada) == at_once

        house.clock.turn(MINUTE)
        await watcher.look()
        types = await types_of(house, f"erasure-{ada}")
        assert types == ["ErasureOpened", *["PersonalDataErased"] * 5, "ErasureCompleted"]
        assert await watcher.look() == 0
        assert watcher.oldest_seconds == 0
        await house.caught_up()
        assert await house.directory_rows() == await house.fold_all()
        await assert_nowhere(house)

    async def test_a_read_model_that_lags_has_not_answered(self, house: House) -> None:
        await house.start(runner=False)
        ada = await ada_of(house)
        await house.erasures.erase_customer(ada, actor=ACTOR)
        watcher = await watcher_of(house)
        house.clock.turn(MINUTE)
        await watcher.look()
        assert await answered(house, ada) == ["cipher-caches", "imports", "last-looks"]
        house.run(house.runner)
        await house.caught_up()
        await watcher.look()
        assert (await types_of(house, f"erasure-{ada}"))[-1] == "ErasureCompleted"

    async def test_a_read_model_whose_cache_still_has_the_key_gets_no_name_back(
        self, house: House
    ) -> None:
        ada = await ada_of(house)
        kid = CODEC.subject_of((await house.store.load(f"customer-{ada}"))[0])
        assert kid is not None
        cache = CipherCache(house.keys, house.clock)
        assert (await cache.read([kid]))[kid] is not None
        await house.erasures.erase_customer(ada, actor=ACTOR)
        assert (await cache.read([kid]))[kid] is not None
        runner = await house.new_runner()
        runner._applier._ciphers = cache  # noqa: SLF001 - as in a process that read the key before
        await house.start(runner=False)
        house.run(runner)
        await house.caught_up()
        assert await house.directory_rows() == await house.fold_all()
        await assert_nowhere(house)
        house.clock.turn(MINUTE)
        assert (await cache.read([kid]))[kid] is None

    async def test_a_holder_that_does_not_answer_raises_the_alarm_once_an_hour(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        await house.start()
        ada = await ada_of(house)
        await house.erasures.erase_customer(ada, actor=ACTOR)
        await house.caught_up()
        watcher = await watcher_of(house, Silent())
        await watcher.look()
        assert alarms(caplog) == []
        for _ in range(2):
            house.clock.turn(HOUR)
            await watcher.look()
            await watcher.look()
        assert alarms(caplog) == ["silent", "silent"]
        assert watcher.oldest_seconds > 2 * HOUR
        assert (await types_of(house, f"erasure-{ada}"))[-1] == "PersonalDataErased"


class TestWithoutTheLedger:
    async def test_it_is_an_alarm_as_long_as_it_cannot_be_written(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        watcher = await watcher_of(house)
        path = house.databases.ledger_dir / NAME
        aside = path.rename(path.with_suffix(".aside"))
        for _ in range(2):
            await watcher.look()
        assert [r.message for r in caplog.records if r.levelno == logging.CRITICAL] == [
            "the erasure ledger cannot be written: nobody is erased"
        ]
        aside.rename(path)
        await watcher.look()
        assert caplog.records[-1].message == "the erasure ledger can be written again"


async def assert_nowhere(house: House) -> None:
    """Look at every row of the read models and of the store for what was personal."""
    tables = await house.ask(
        "views",
        "select format('%I.%I', schemaname, tablename) as name from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')",
    )
    texts: list[str] = []
    for table in tables:
        rows = await house.ask("views", f"select t::text as row from {table['name']} t")
        texts += [row["row"] for row in rows]
    rows = await house.ask("truth", "select convert_from(data, 'UTF8') as row from events")
    text = "\n".join([*texts, *(row["row"] for row in rows)]).casefold()
    assert not [personal for personal in PERSONAL if personal.casefold() in text]


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.missing  # type: ignore[attr-defined]
        for record in caplog.records
        if record.levelno == logging.CRITICAL
    ]


async def _is_at_least(house: House, customer_id: UUID, version: int) -> bool:
    return await house.store.version_of(f"customer-{customer_id}") >= version


def _answering(ciphers: Any) -> Any:  # noqa: ANN401
    async def read(*_: object) -> Any:  # noqa: ANN401
        return ciphers

    return read
