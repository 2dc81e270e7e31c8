"""The customers service: who our customers are, and everything that ever changed about them."""

from typing import Final

VERSION: Final = "0.1.0"
"""The release that this code is."""
