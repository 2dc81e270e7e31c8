"""On servers with passwords and TLS each role gets in as itself, and nobody in clear or as else."""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from cli.local.postgres import KINDS
from shared.errors import DaybookError
from shared.postgres.dsn import ROLES, dsn_for, with_password
from shared.testing.waiting import until
from tests.customers.roles.probing import probed
from tests.ground.broker import Broker
from tests.ground.processes import running, service_env
from tests.ground.rights import keep_open_copy
from tests.ground.servers import Servers
from tests.ground.tls import certificate_in, tls_before


@pytest.fixture
async def guarded(
    own_servers: Servers, own_broker: Broker, tmp_path: Path
) -> AsyncIterator[dict[str, str]]:
    """Return the environment of a service whose servers ask for passwords, behind doors of TLS."""
    passwords = tmp_path / "passwords"
    passwords.mkdir()
    for role in ("migrate", *ROLES):
        (passwords / f"customers_{role}").write_text(f"the {role}'s /?&= own\n")
    certificate = certificate_in(tmp_path)
    env = service_env(own_servers.databases, own_broker.settings, tmp_path / "secrets")
    tls = f"sslmode=verify-full&sslrootcert={certificate.certificate}"
    async with AsyncExitStack() as doors:
        for kind in KINDS:
            await ask_for_passwords(own_servers, kind)
            door = await doors.enter_async_context(
                tls_before(own_servers.sockets(kind), certificate)
            )
            where = f"127.0.0.1:{door}"
            env[f"DAYBOOK_ADMIN_{kind.upper()}_DSN"] = (
                f"postgresql://postgres@{where}/postgres?{tls}"
            )
            env[f"DAYBOOK_STORE_{kind.upper()}_DSN"] = (
                f"postgresql://customers_{{role}}@{where}/customers"
                f"?passwordfile={passwords}/customers_{{role}}&{tls}"
            )
        yield env


async def ask_for_passwords(servers: Servers, kind: str) -> None:
    """Let all but the superuser in by password alone."""
    rules = servers.server(kind).data / "pg_hba.conf"
    rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    admin = await asyncpg.connect(servers.admin_dsn(kind))
    await admin.execute("select pg_reload_conf()")
    await admin.close()


async def test_a_superuser_prepares_guarded_servers_and_each_role_works_on_them(
    guarded: dict[str, str], own_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for role in ("prepare", "prepare", "migrate"):
        async with running("services.customers", role, env=guarded) as process:
            assert await process.wait() == 0, process.output()
    await keep_open_copy(f"postgresql://postgres@/customers?host={own_servers.sockets('views')}")
    async with probed("api", guarded) as api:
        await until(api.is_ready, what="an api that is ready")
        assert "the api's" not in api.process.output()

    template = guarded["DAYBOOK_STORE_TRUTH_DSN"]
    as_another = template.replace("customers_{role}@", "customers_relay@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(dsn_for(as_another, "api"))
    other = certificate_in(tmp_path_factory.mktemp("other")).certificate
    of_another = re.sub("sslrootcert=.*", f"sslrootcert={other}", template)
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncpg.connect(dsn_for(of_another, "api"))
    in_clear = dsn_for(template.replace("verify-full", "disable"), "api")
    with pytest.raises((asyncpg.ConnectionDoesNotExistError, OSError)):
        await asyncpg.connect(in_clear)


def test_a_password_file_that_is_missing_is_said_without_what_others_hold(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("a b&c=d/é\n")
    found = with_password(f"postgresql://me@/db?host=/run/x&passwordfile={tmp_path}/there")
    assert f"password={quote('a b&c=d/é', safe='').replace('%20', '+')}" in found
    with pytest.raises(DaybookError) as refused:
        with_password(f"postgresql://me@/db?passwordfile={tmp_path}/missing")
    assert refused.value.problem_code == "secret-missing"
    assert with_password("postgresql://me@/db") == "postgresql://me@/db"
