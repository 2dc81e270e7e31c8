"""python -m services.customers ROLE: one process, in one role (api, relay, projector, all, …).

Faust and Alembic are a third of what a process would load; only the roles that use them do.
"""

import sys
from typing import cast, get_args

import uvloop

from services.customers.roles.api import add_api
from services.customers.roles.check import check_store, line_of, lines_of
from services.customers.roles.ledger import mend_ledger, replay_ledger, wait_for_gate
from services.customers.roles.process import SERVICE, Process, Role
from services.customers.roles.projector import add_projector
from services.customers.roles.relay import add_relay
from services.customers.roles.rewrap import rewrap_keys
from services.customers.roles.worker import add_worker
from shared.garbage import look_for_garbage_rarely
from shared.observability.exporting import close_tracing, configure_tracing
from shared.observability.logs import configure_logging
from shared.observability.traces import Tracing
from shared.settings import ObservabilitySettings, SecuritySettings, StoreSettings


def main() -> None:
    """Run the role named on the command line."""
    roles = get_args(Role)
    if len(sys.argv) != 2 or sys.argv[1] not in roles:  # noqa: PLR2004 - program and role
        sys.exit(f"usage: python -m services.{SERVICE} {'|'.join(roles)}")
    role = cast("Role", sys.argv[1])
    observability = ObservabilitySettings()
    configure_logging(observability, service=SERVICE, role=role)
    if role == "prepare":
        from services.customers.roles.prepare import prepare_databases  # noqa: PLC0415

        uvloop.run(prepare_databases())
        return
    if role == "migrate":
        from services.customers.roles.migrate import migrate_databases  # noqa: PLC0415

        migrate_databases()
        return
    if role == "check":
        report, epoch = uvloop.run(check_store(StoreSettings()))
        replayed = uvloop.run(replay_ledger(StoreSettings(), SecuritySettings()))
        sys.stdout.write("\n".join([*lines_of(report, epoch), line_of(replayed)]) + "\n")
        return
    if role == "ledger":
        added = uvloop.run(mend_ledger(StoreSettings(), SecuritySettings()))
        sys.stdout.write(f"{added} erasures that the store knows were added to the ledger\n")
        return
    if role == "rewrap":
        done = uvloop.run(rewrap_keys(StoreSettings(), SecuritySettings(), _tell_rewrapped))
        sys.stdout.write(f"{done} subject keys wrapped anew; no other master key is used now\n")
        return
    look_for_garbage_rarely()
    tracing = configure_tracing(observability, SERVICE, role)
    try:
        uvloop.run(_run(role, tracing))
    finally:
        close_tracing(tracing)


def _tell_rewrapped(done: int) -> None:
    sys.stderr.write(f"{done} subject keys wrapped anew\n")


async def _run(role: Role, tracing: Tracing) -> None:
    if role == "streams":  # never part of `all`: a Faust worker owns its loop
        from services.customers.roles.streams import add_streams  # noqa: PLC0415

        await Process(role, tracing).run(add_streams)
        return
    behind_the_gate = {"relay": add_relay, "projector": add_projector, "worker": add_worker}
    if role in behind_the_gate:  # an api opens the gate itself, before anything runs
        await Process(role, tracing).run(wait_for_gate, behind_the_gate[role])
        return
    others = (add_relay, add_projector) if role == "all" else ()
    await Process(role, tracing).run(*others, add_api)


if __name__ == "__main__":
    main()
