"""Nobody who was erased is left in an import, a list of refused rows or a preview."""

from services.customers.application.erasing import CustomerErasures
from services.customers.application.importing.copies import ImportCopies
from shared.projecting.holders import ErasedSubject
from tests.customers.importing.handing_in import Desk, a_desk, counts, lines
from tests.ground.house import House
from tests.ground.processes import SERVICE_KEY

DAY = 86_400.0
NOTES = "select count(*) from import_notes"


def copies_of(house: House, desk: Desk) -> ImportCopies:
    """Return the imports as a holder, as the api has it."""
    return ImportCopies(desk.truth, house.store, house.keys, SERVICE_KEY)


async def erased(house: House, name: str, *, looks_first: bool = True) -> ErasedSubject:
    """Erase the customer of that name, with or without looking into imports first."""
    row = next(row for row in await house.fold_all() if row.name == name)
    erasures = house.erasures
    if not looks_first:
        erasures = CustomerErasures(
            house.store, house.keys, house.ledger, house.clock, house.appended
        )
    last = await erasures.erase_customer(row.id, actor="petra")
    return ErasedSubject(
        last.subject, last.partition, 1, last.txid, last.position, last.recorded_at
    )


async def test_an_erasure_finds_the_person_in_what_imports_told(house: House) -> None:
    desk = await a_desk(house)
    copies = copies_of(house, desk)
    file = lines("key,name,email,phone", "1,Ada Lovelace,ada@x.example,", "2,Bo,,")
    await desk.imported(file)
    told = await desk.imported(
        lines("name,email,phone", "ada LOVELACE,no mail,", "Lovelace,ADA@x.example,1", "Cy,,1",
              'Bo,"Ada Lovelace,', "Lovelace,Ada,,,x", '"q"Ada Lovelace,,')
    )  # fmt: skip
    dry = await desk.imported(
        lines("key,name,email,phone", "1,Ada L,ada@x.example,", "9,Ed,,"), dry_run="true"
    )
    assert (counts(told)[3], len(dry["preview"])) == (6, 2)
    subject = await erased(house, "Ada Lovelace")
    assert await copies.has_erased(subject)
    left = await desk.errors(told["id"])
    assert "lovelace" not in left.lower()
    assert "Cy" in left
    assert [one["cells"]["name"] for one in (await desk.told(dry["id"]))["preview"]] == ["Ed"]
    # The file of yesterday does not bring the person back, nor tell of it.
    again = await desk.imported(file.replace("Lovelace", "L."))
    assert counts(again) == [0, 0, 1, 1]
    assert "Ada" not in await desk.errors(again["id"])


async def test_an_erasure_waits_for_the_files_that_came_before_it(house: House) -> None:
    desk = await a_desk(house)
    copies = copies_of(house, desk)
    await desk.imported(lines("key,name", "1,Ada"))
    waiting = await desk.hand_in(lines("key,name,phone", "7,Ada,1"))
    subject = await erased(house, "Ada")
    assert not await copies.has_erased(subject)
    await desk.work()
    assert await copies.has_erased(subject)
    assert "Ada" not in await desk.errors(waiting["id"])


async def test_an_erasure_that_is_done_again_without_the_key_empties_what_came_before(
    house: House,
) -> None:
    desk = await a_desk(house)
    copies = copies_of(house, desk)
    told = await desk.imported(lines("key,name,phone", "1,Ada,", "2,Bo,1"))
    subject = await erased(house, "Ada", looks_first=False)
    assert await copies.has_erased(subject)
    assert (await desk.told(told["id"]))["file"] is None
    assert (await house.ask("truth", NOTES))[0][0] == 0


async def test_what_was_told_of_rows_is_gone_after_a_week_with_its_key(house: House) -> None:
    desk = await a_desk(house)
    told = await desk.imported(lines("key,name,phone", "1,Ada,", "2,Bo,1"))
    assert (await house.ask("truth", "select count(*) from import_chunks"))[0][0] == 0
    house.clock.turn(6 * DAY)
    await desk.sweep()
    assert "Bo" in await desk.errors(told["id"])
    house.clock.turn(2 * DAY)
    await desk.sweep()
    assert "Bo" not in await desk.errors(told["id"])
    gone = "select count(*) from subject_keys where kid like 'file-%' and wrapped is not null"
    assert (await house.ask("keys", gone))[0][0] == 0
    assert counts(await desk.told(told["id"])) == [1, 0, 0, 1]
