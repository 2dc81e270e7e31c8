"""python -m services.customers ROLE: one process, in one role (api, relay, projector, all, …)."""

import uvloop

from services.customers.roles.service import SERVICE
from shared.service.command import part, run_command, what_every_service_does_once
from shared.settings import SecuritySettings, StoreSettings

ONCE = what_every_service_does_once(SERVICE)


def main() -> None:
    """Run the role named on the command line."""
    run_command(SERVICE, KEPT, {**ONCE, "check": _check, "ledger": _mend_ledger})


def _check() -> str:
    from services.customers.roles.ledger import line_of, replay_ledger  # noqa: PLC0415

    said = ONCE["check"]()
    replayed = uvloop.run(replay_ledger(StoreSettings(), SecuritySettings()))
    return f"{said}{line_of(replayed)}\n"


def _mend_ledger() -> str:
    from services.customers.roles.ledger import mend_ledger  # noqa: PLC0415

    added = uvloop.run(mend_ledger(StoreSettings(), SecuritySettings()))
    return f"{added} erasures that the store knows were added to the ledger\n"


_ROLES = "services.customers.roles"
_gate = part(f"{_ROLES}.ledger", "wait_for_gate")
_relay = part("shared.service.relay", "add_relay")
_api = part(f"{_ROLES}.api", "add_api")
_projector = part(f"{_ROLES}.projector", "add_projector")
KEPT = {
    # An api opens the gate itself, before anything runs; the others wait for it.
    "api": (_api,),
    "relay": (_gate, _relay),
    "projector": (_gate, _projector),
    "worker": (_gate, part(f"{_ROLES}.worker", "add_worker")),
    "streams": (part(f"{_ROLES}.streams", "add_streams"),),
    # Without streams, for a Faust worker owns its loop, and without a worker: see there.
    "all": (_relay, _projector, _api),
}

if __name__ == "__main__":
    main()
