"""python -m services.customers ROLE: one process, in one role (api, relay, projector, all, …)."""

import uvloop

from services.customers.roles.api import add_api
from services.customers.roles.ledger import line_of, mend_ledger, replay_ledger, wait_for_gate
from services.customers.roles.projector import add_projector
from services.customers.roles.service import SERVICE
from services.customers.roles.worker import add_worker
from shared.service.command import run_command, what_every_service_does_once
from shared.service.process import Process
from shared.service.relay import add_relay
from shared.settings import SecuritySettings, StoreSettings

ONCE = what_every_service_does_once(SERVICE)


def main() -> None:
    """Run the role named on the command line."""
    run_command(SERVICE, KEPT, {**ONCE, "check": _check, "ledger": _mend_ledger})


async def _add_streams(process: Process) -> None:
    """Let the process count live activity; Faust is loaded by nobody else."""
    from services.customers.roles.streams import add_streams  # noqa: PLC0415

    await add_streams(process)


def _check() -> str:
    said = ONCE["check"]()
    replayed = uvloop.run(replay_ledger(StoreSettings(), SecuritySettings()))
    return f"{said}{line_of(replayed)}\n"


def _mend_ledger() -> str:
    added = uvloop.run(mend_ledger(StoreSettings(), SecuritySettings()))
    return f"{added} erasures that the store knows were added to the ledger\n"


KEPT = {
    # An api opens the gate itself, before anything runs; the others wait for it.
    "api": (add_api,),
    "relay": (wait_for_gate, add_relay),
    "projector": (wait_for_gate, add_projector),
    "worker": (wait_for_gate, add_worker),
    "streams": (_add_streams,),
    # Without streams, for a Faust worker owns its loop, and without a worker: see there.
    "all": (add_relay, add_projector, add_api),
}

if __name__ == "__main__":
    main()
