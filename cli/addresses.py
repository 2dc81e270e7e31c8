"""A command asks the service that `--url` names, else that of the environment or this machine."""

import os
from dataclasses import dataclass, replace
from typing import Self

import httpx

from cli.local.paths import Place
from cli.local.ports import OF_SERVICE, Ports
from shared.errors import InvalidInputError

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
    name: str = FIRST_ASKED
    """Which service is asked."""

    @classmethod
    def usual(cls, url: str | None = None, issuer: str | None = None) -> Self:
        """Return where customers and the issuer are, unless somebody says where.

        A service is where `url` says, or DAYBOOK_SERVICE_…_URL, as it is for the other services;
        else where `daybook up` starts it, moved by DAYBOOK_PORT_BASE. The issuer is that of `up`.

        Raises:
            InvalidInputError: what somebody says is no address.
        """
        return cls(
            _usual(FIRST_ASKED) if url is None else _checked(url, "--url"),
            _ports().issuer_url if issuer is None else _checked(issuer, "--issuer"),
            is_chosen=url is not None,
            is_issuer_usual=issuer is None,
        )

    def of(self, service: str) -> Self:
        """Return these addresses with another service; what somebody chose stays.

        Raises:
            InvalidInputError: what the environment says is no address.
        """
        if self.is_chosen:
            return self
        return replace(self, service=_usual(service), name=service)

    @property
    def has_demo_people(self) -> bool:
        """Whether demo people can sign in: on this machine, or where somebody says."""
        return is_local(self.service) or not self.is_issuer_usual

    def refuse_token_in_wrong_hands(self) -> None:
        """Return if a token that somebody was given may be sent to the service.

        Raises:
            InvalidInputError: others could read it on its way, or the service is on this machine
                only because nobody said where it is, while another one is elsewhere.
        """
        said_by = "--url" if self.is_chosen else _variable(self.name)
        if not is_local(self.service) and httpx.URL(self.service).scheme != "https":
            raise InvalidInputError(
                f"Your token is not sent to {self.service}: everybody on the way could read it.",
                field=said_by,
                fix=f"name the service with https:// in {said_by}",
            )
        if not self.is_chosen and not _said(self.name) and _is_any_elsewhere():
            raise InvalidInputError(
                f"Nobody says where the service {self.name} is, and another one is on another"
                " machine: your token is not sent to this one.",
                field=said_by,
                fix=f"set {said_by} to where the service is, or name it with --url",
            )


def is_local(address: str | httpx.URL) -> bool:
    """Say whether an address is on this machine."""
    return httpx.URL(address).host in {"127.0.0.1", "localhost", "::1"}


def _usual(service: str) -> str:
    said = _said(service)
    return _checked(said, _variable(service)) if said else _ports().url(service)


def _said(service: str) -> str | None:
    return os.environ.get(_variable(service)) or None


def _variable(service: str) -> str:
    return f"DAYBOOK_SERVICE_{service.upper()}_URL"


def _is_any_elsewhere() -> bool:
    return any(not is_local(_usual(service)) for service in OF_SERVICE)


def _checked(address: str, said_by: str) -> str:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidInputError(
            f"{address!r} is not an address of a service.",
            field=said_by,
            fix="write it with http:// or https://, for example http://127.0.0.1:8101",
        )
    return address.rstrip("/")


def _ports() -> Ports:
    return Ports(Place.from_environment(os.environ).port_base)
