"""What an identity provider calls a department becomes the path that rights are measured by."""

import re
from hashlib import sha256
from typing import Final
from unicodedata import normalize

_OTHER: Final = re.compile(r"[^a-z0-9_-]+")
_LONGEST: Final = 40
_MOST_LEVELS: Final = 10
_KEPT: Final = 31


def department_path(called: str | None) -> str | None:
    """Return the path of a department, for example sales/emea of "Sales / EMEA".

    The same words give the same path, whatever their case; a slash parts the levels. What has
    other letters than those of English is written in Punycode, which no two names share.
    """
    levels = [_level(part) for part in (called or "").split("/") if part.strip()]
    return "/".join(levels[:_MOST_LEVELS]) or None


def _level(part: str) -> str:
    words = normalize("NFKC", part).strip().casefold()
    if not words.isascii():
        words = "xn-" + words.encode("punycode").decode("ascii").casefold()
    level = _OTHER.sub("-", words).strip("-") or "-"
    if len(level) <= _LONGEST:
        return level
    # Two long names must not become one because they begin alike.
    return f"{level[:_KEPT]}-{sha256(words.encode()).hexdigest()[:8]}"
