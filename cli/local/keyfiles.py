"""Each machine has keys of its own, made at first start, readable by nobody else."""

import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_urlsafe

from joserfc.jwk import OKPKey

from shared.security.service_tokens import FILE as CLIENT_SECRET

KEY_BYTES = 32


def make_key_files(folder: Path) -> None:
    """Make what is missing in the secrets folder; a key that exists is never touched."""
    make_service_keys(folder)
    _make(folder / "issuer.key", _signing_key)


def make_service_keys(folder: Path) -> None:
    """Make what is missing in the folder of one service's own keys."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _make(folder / "master.key", lambda: os.urandom(KEY_BYTES))
    _make(folder / "service.key", lambda: os.urandom(KEY_BYTES))
    _make(folder / CLIENT_SECRET, lambda: token_urlsafe(KEY_BYTES).encode())


def new_key_file(path: Path) -> Path:
    """Make a new key of 32 bytes there, also if there was one; return the path."""
    path.unlink(missing_ok=True)
    _make(path, lambda: os.urandom(KEY_BYTES))
    return path


def load_signing_key(folder: Path) -> OKPKey:
    """Read the key that the token issuer signs with."""
    return OKPKey.import_key((folder / "issuer.key").read_bytes())


def _signing_key() -> bytes:
    pem: bytes = OKPKey.generate_key("Ed25519").as_pem(private=True)
    return pem


def _make(path: Path, content: Callable[[], bytes]) -> None:
    """Write beside, sync, then name it: a power cut leaves a whole key or none."""
    if path.exists():
        return
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content())
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
