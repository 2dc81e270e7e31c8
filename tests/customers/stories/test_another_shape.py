"""An upgrade brings a directory of another shape, which is built beside the old one by itself."""

import random
from importlib import import_module
from importlib.resources import files

import asyncpg

from tests.customers.api.asking import assert_problem, names_of, register
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector

# Version 1 becomes what an earlier Daybook made; nobody here can write it.
OLD = """
    update projection_definitions set shape = 1, ddl = '' where projection = 'directory';
    update projection_versions set shape = 1 where projection = 'directory';
    drop view directory, directory_text, directory_withdrawn;
    drop schema directory_1 cascade;
    set role customers_owner;
    create schema directory_1;
    set search_path = directory_1;
    {ddl}
    grant usage on schema directory_1 to customers_projector;
    create view public.directory as select * from directory_1.directory;
    grant select on public.directory to customers_api;
"""
MIGRATION = import_module("services.customers.storage.migrations.versions.0004_directory_to_search")
MARKS = "select * from projection_marks where version = 1 order by partition"


async def migrated(house: House) -> None:
    """Do what the migration does on a database that has events already."""
    connection = await asyncpg.connect(house.databases.admin_dsn("views"))
    ddl = (files("services.customers.storage.sql") / "directory_2.sql").read_text()
    await connection.execute(MIGRATION.DEFINE, ddl)
    await connection.execute(MIGRATION.MAKE)
    await connection.close()


async def test_the_new_shape_is_built_to_where_the_old_one_is_and_then_answers(
    house: House, dice: random.Random
) -> None:
    alice = house.client("alice")
    await house.start()
    await register(alice, "Before The Upgrade")
    await house.caught_up()
    await house.stop()
    connection = await asyncpg.connect(house.databases.admin_dsn("views"))
    ddl = (files("services.customers.storage.sql") / "directory.sql").read_text()
    await connection.execute(OLD.format(ddl=ddl))
    await connection.close()
    house.stopping.clear()
    projector = await new_projector(house)
    house.run(await house.new_relay())
    house.run(projector)
    rebuilding = Rebuilding(house, projector, dice)
    await register(alice, "Meanwhile")
    marks = await house.ask("views", MARKS)
    assert_problem(await alice.get("/v1/customers"), 503, "not-yet")
    await migrated(house)
    await rebuilding.answers(2)
    # It was left alone: its tables are none that this code could write.
    assert await house.ask("views", MARKS) in ([], marks)
    assert (await rebuilding.states())[1] == "dropped"
    await house.caught_up()
    assert names_of(await alice.get("/v1/customers")) == ["Before The Upgrade", "Meanwhile"]
    assert await house.directory_rows() == await house.fold_all()
