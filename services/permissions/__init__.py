"""Who may do what, since when, given by whom; and who may not any more."""

from typing import Final

VERSION: Final = "0.1.0"
"""The release that this code is."""
