"""python -m services.permissions ROLE: one process, in one role (api, relay, all, migrate, …)."""

import sys

import uvloop

from services.permissions.roles.api import add_api
from services.permissions.roles.bootstrap import bootstrap
from services.permissions.roles.service import SERVICE
from shared.errors import DaybookError
from shared.service.command import run_command, what_every_service_does_once
from shared.service.relay import add_relay
from shared.settings import SecuritySettings, StoreSettings


def _bootstrap() -> str:
    try:
        return uvloop.run(bootstrap(StoreSettings(), SecuritySettings()))
    except DaybookError as error:
        sys.exit(f"Error: {error.detail} ({error.field})\nFix: {error.fix}")


ONCE = {**what_every_service_does_once(SERVICE), "bootstrap": _bootstrap}
KEPT = {
    "api": (add_api,),
    "relay": (add_relay,),
    "all": (add_relay, add_api),
}


def main() -> None:
    """Run the role named on the command line."""
    run_command(SERVICE, KEPT, ONCE)


if __name__ == "__main__":
    main()
