"""A command asks the service that `--url` names, else that of the environment or this machine."""

import os
from dataclasses import dataclass, replace
from typing import Self

import httpx

from cli.local.paths import Place
from cli.local.ports import Ports

FIRST_ASKED = "customers"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the service that is asked and the token issuer listen."""

    service: str
    issuer: str
    is_chosen: bool = False
    """Whether somebody said where: no command turns to another service then."""
    is_issuer_usual: bool = False
    """Whether nobody said where demo people sign in."""

    @classmethod
    def usual(cls) -> Self:
        """Return where customers and the issuer are, unless somebody says where.

        A service is where DAYBOOK_SERVICE_…_URL says, as it is for the other services; else where
        `daybook up` starts it, moved by DAYBOOK_PORT_BASE. The issuer is always that of `up`.
        """
        return cls(_usual(FIRST_ASKED), _ports().issuer_url, is_issuer_usual=True)

    def of(self, service: str) -> Self:
        """Return these addresses with another service; what somebody chose stays."""
        return self if self.is_chosen else replace(self, service=_usual(service))

    @property
    def has_demo_people(self) -> bool:
        """Whether demo people can sign in: on this machine, or where somebody says."""
        return is_local(self.service) or not self.is_issuer_usual


def is_local(address: str) -> bool:
    """Say whether an address is on this machine."""
    return httpx.URL(address).host in {"127.0.0.1", "localhost", "::1"}


def _usual(service: str) -> str:
    chosen = os.environ.get(f"DAYBOOK_SERVICE_{service.upper()}_URL")
    return chosen.rstrip("/") if chosen else _ports().url(service)


def _ports() -> Ports:
    return Ports(Place.from_environment(os.environ).port_base)
