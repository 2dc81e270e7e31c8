"""A personal value is looked for in every dress that it may wear: escaped, encoded, in a blob."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

# Base64 looks different at each of three places in a blob; what is cut off depends on neighbours.
CUT = {0: (0, 2), 1: (2, 2), 2: (3, 2)}


def disguises(value: str) -> set[bytes]:
    """Return the bytes that would give this value away."""
    plain = value.encode()
    texts = {value, value.casefold(), value.upper(), quote(value), quote_plus(value)}
    texts |= {json.dumps(value)[1:-1], ascii(value)[1:-1], repr(plain)[2:-1]}
    found = {text.encode() for text in texts} | {plain.hex().encode(), value.encode("utf-16-le")}
    for encode in (b64encode, urlsafe_b64encode):
        for shift, (start, end) in CUT.items():
            found.add(encode(b"\0" * shift + plain).rstrip(b"=")[start:-end])
    return found


def found_in(files: Iterable[Path], values: Iterable[str]) -> list[tuple[str, str]]:
    """Return which file gives which value away."""
    wanted = {value: disguises(value) for value in values}
    given_away = []
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            continue  # a server removes files of its own while we look
        given_away += [
            (str(file), value)
            for value, forms in wanted.items()
            if any(form in content for form in forms)
        ]
    return given_away


def files_below(*folders: Path) -> list[Path]:
    """Return every file in these folders."""
    return sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())
