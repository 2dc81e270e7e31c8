"""python -m services.permissions ROLE: one process, in one role (api, relay, all, migrate, …)."""

from services.permissions.roles.api import add_api
from services.permissions.roles.service import SERVICE
from shared.service.command import run_command, what_every_service_does_once
from shared.service.relay import add_relay

ONCE = what_every_service_does_once(SERVICE)
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
