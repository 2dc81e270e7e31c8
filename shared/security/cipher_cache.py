"""A process that reads many events asks the key database once per subject and minute."""

from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.clock import Clock
from shared.security.subject_keys import SubjectKeys

LIFETIME_SECONDS = 60.0
# A cipher takes 2.6 KB: five times as many were half of what a rebuild had in memory.
MAX_ENTRIES = 10_000


class CipherCache:
    """Ciphers by reference, all forgotten after at most a minute.

    So a destroyed key is out of memory within that time even if nobody says so.
    """

    def __init__(
        self, keys: SubjectKeys, clock: Clock, *, lifetime_seconds: float = LIFETIME_SECONDS
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._lifetime_seconds = lifetime_seconds
        self._known: dict[str, AESGCM] = {}
        self._since = clock.monotonic()

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        """Return a cipher per reference; None where the key was destroyed.

        Raises:
            UnavailableError: the key database does not answer.
            NotFoundError: a reference that the key database never had.
        """
        self._forget_old()
        known = self._known
        wanted = set(kids)
        # Not `wanted - known.keys()`, which goes through all that is known.
        missing = {kid for kid in wanted if kid not in known}
        if not missing:
            return known
        found: dict[str, AESGCM | None] = dict(await self._keys.read(missing))
        # What was known before the question may have been forgotten meanwhile; then what came
        # is not remembered either.
        known.update({kid: cipher for kid, cipher in found.items() if cipher is not None})
        found.update({kid: known[kid] for kid in wanted - missing})
        return found

    def forget_all(self) -> None:
        """Forget every cipher now."""
        self._known = {}
        self._since = self._clock.monotonic()

    def _forget_old(self) -> None:
        is_old = self._clock.monotonic() - self._since > self._lifetime_seconds
        if is_old or len(self._known) > MAX_ENTRIES:
            self.forget_all()
