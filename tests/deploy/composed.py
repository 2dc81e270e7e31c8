"""docker-compose.yml as compose reads it: merged, and with its variables filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import yaml
from pydantic_settings import BaseSettings

from cli.local.paths import PROJECT
from services.customers import __main__ as customers
from services.permissions import __main__ as permissions
from services.permissions.roles.bootstrap import BootstrapSettings
from shared import settings

COMPOSE = PROJECT / "docker-compose.yml"
OURS = "services.customers"
# `all` is one machine in one process, which compose is not; the others an operator runs by hand.
ROLES_OF = {
    name: {*its.KEPT, *its.ONCE} - {"all", "ledger", "rewrap"}
    for name, its in (("customers", customers), ("permissions", permissions))
}
ROLES = ROLES_OF["customers"]
SECRETS = "/run/secrets"
LEDGER = "/var/lib/daybook/ledger"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the file."""

    name: str
    told: Mapping[str, Any]

    @property
    def command(self) -> tuple[str, ...]:
        """What its container runs."""
        return tuple(self.told.get("command", ()))

    @property
    def environment(self) -> dict[str, str]:
        """What it is told."""
        return dict(self.told.get("environment", {}))

    @property
    def secrets(self) -> set[str]:
        """The files of secrets that it has; a name before `=` if the file is called otherwise."""
        return {
            each if isinstance(each, str) else f"{each['source']}={each['target']}"
            for each in self.told.get("secrets", ())
        }

    @property
    def owner(self) -> str | None:
        """The service that it is a process of."""
        package, _, name = "".join(self.command[2:3]).partition(".")
        return name if package == "services" else None

    @property
    def role(self) -> str | None:
        """Its role, if it is a process of a service."""
        return self.command[3] if self.owner else None


def compose_file(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the whole file."""
    given = variables or {}
    filled = _VARIABLE.sub(lambda m: given.get(m[1], m[2] or ""), COMPOSE.read_text())
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


def composed(variables: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Return its services by name."""
    told = compose_file(variables)["services"]
    return {name: Service(name, each) for name, each in told.items()}


def of_role(role: str, owner: str = "customers") -> Service:
    """Return the service of one role."""
    every = composed().values()
    (found,) = (each for each in every if (each.owner, each.role) == (owner, role))
    return found


def known_settings() -> dict[str, type[BaseSettings]]:
    """Return the name of every environment variable that a process of ours reads."""
    classes: list[type[BaseSettings]] = [
        each
        for each in vars(settings).values()
        if isinstance(each, type) and issubclass(each, BaseSettings) and each is not BaseSettings
    ]
    classes.append(BootstrapSettings)
    return {
        f"{each.model_config['env_prefix']}{name}".upper(): each
        for each in classes
        for name in each.model_fields
    }


def check_settings(environment: Mapping[str, str]) -> None:
    """Fail at a variable of ours that nobody reads, and at a value that its settings refuse."""
    known = known_settings()
    ours = {name: value for name, value in environment.items() if name.startswith("DAYBOOK_")}
    assert not set(ours) - set(known), f"nobody reads {sorted(set(ours) - set(known))}"
    for name, value in ours.items():
        field = known[name].model_fields[name.removeprefix(_prefix(known[name])).lower()]
        _refuse_wrong(field.annotation, value, name)


def _prefix(settings_class: type[BaseSettings]) -> str:
    return str(settings_class.model_config["env_prefix"])


def _refuse_wrong(annotation: object, value: str, name: str) -> None:
    if getattr(annotation, "__origin__", None) is Literal:
        assert value in get_args(annotation), name
    elif annotation in {int, float}:
        float(value)
