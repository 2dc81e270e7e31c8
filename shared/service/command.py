"""`python -m services.NAME ROLE` runs one role: until told to stop, or until its work is done.

A role loads what it needs when it is known which role it is: a migration that loaded the api as
well would take twice as long, and Faust and Alembic are a third of what a process could load.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import uvloop

from shared.observability.logs import configure_logging
from shared.service.service import Service
from shared.settings import ObservabilitySettings, SecuritySettings, StoreSettings

if TYPE_CHECKING:
    from shared.service.process import Process

Add = Callable[["Process"], Awaitable[None]]
Once = Callable[[], str]


def part(module: str, name: str) -> Add:
    """Return a part of a process that is loaded when a process is put together of it."""

    async def add(process: "Process") -> None:
        await getattr(import_module(module), name)(process)

    return add


def run_command(
    service: Service, kept: Mapping[str, Sequence[Add]], once: Mapping[str, Once]
) -> None:
    """Run the role named on the command line.

    Args:
        service: whose role.
        kept: by role that runs until told to stop, what a process of it is put together from.
        once: by role that ends by itself, its work, which returns what is to be said of it.
    """
    roles = (*kept, *once)
    if len(sys.argv) != 2 or sys.argv[1] not in roles:  # noqa: PLR2004 - program and role
        sys.exit(f"usage: python -m services.{service.name} {'|'.join(roles)}")
    role = sys.argv[1]
    observability = ObservabilitySettings()
    configure_logging(observability, service=service.name, role=role)
    if role in once:
        sys.stdout.write(once[role]())
        return
    _run_until_stopped(service, role, kept[role], observability)


def _run_until_stopped(
    service: Service, role: str, parts: Sequence[Add], observability: ObservabilitySettings
) -> None:
    from shared.garbage import look_for_garbage_rarely  # noqa: PLC0415
    from shared.observability.exporting import close_tracing, configure_tracing  # noqa: PLC0415
    from shared.service.process import Process  # noqa: PLC0415

    look_for_garbage_rarely()
    tracing = configure_tracing(observability, service.name, role)

    async def run() -> None:
        await Process(service, role, tracing).run(*parts)

    try:
        uvloop.run(run())
    finally:
        close_tracing(tracing)


def what_every_service_does_once(service: Service) -> dict[str, Once]:
    """Return the work of the roles prepare, migrate, check and rewrap."""

    def prepare() -> str:
        from shared.service.prepare import prepare_databases  # noqa: PLC0415

        uvloop.run(prepare_databases(service))
        return ""

    def migrate() -> str:
        from shared.service.migrate import migrate_databases  # noqa: PLC0415

        migrate_databases(service)
        return ""

    def check() -> str:
        from shared.service.check import check_store, lines_of  # noqa: PLC0415

        report, epoch = uvloop.run(check_store(service, StoreSettings()))
        return "\n".join([*lines_of(report, epoch), ""])

    def rewrap() -> str:
        from shared.service.rewrap import rewrap_keys  # noqa: PLC0415

        work = rewrap_keys(service, StoreSettings(), SecuritySettings(), _tell_rewrapped)
        return f"{uvloop.run(work)} subject keys wrapped anew; no other master key is used now\n"

    return {"prepare": prepare, "migrate": migrate, "check": check, "rewrap": rewrap}


def _tell_rewrapped(done: int) -> None:
    sys.stderr.write(f"{done} subject keys wrapped anew\n")
