"""python -m services.permissions ROLE: one process, in one role (api, relay, projector, all, …)."""

import sys

import uvloop

from services.permissions.roles.service import SERVICE
from shared.errors import DaybookError
from shared.service.command import part, run_command, what_every_service_does_once
from shared.settings import SecuritySettings, StoreSettings


def _bootstrap() -> str:
    from services.permissions.roles.bootstrap import bootstrap  # noqa: PLC0415

    try:
        return uvloop.run(bootstrap(StoreSettings(), SecuritySettings()))
    except DaybookError as error:
        where = f" ({error.field})" if error.field else ""
        fix = error.fix or "Look whether the servers of the store run, and try again."
        sys.exit(f"Error: {error.detail}{where}\nFix: {fix}")


ONCE = {**what_every_service_does_once(SERVICE), "bootstrap": _bootstrap}
_relay = part("shared.service.relay", "add_relay")
_api = part("services.permissions.roles.api", "add_api")
_projector = part("services.permissions.roles.projector", "add_projector")
KEPT = {
    "api": (_api,),
    "relay": (_relay,),
    "projector": (_projector,),
    "streams": (part("services.permissions.roles.streams", "add_streams"),),
    # Without streams, for a Faust worker owns its loop.
    "all": (_relay, _projector, _api),
}


def main() -> None:
    """Run the role named on the command line."""
    run_command(SERVICE, KEPT, ONCE)


if __name__ == "__main__":
    main()
