"""Who must confirm an erasure: every holder of copies here, and whoever was given the key."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.messaging.consumers import RegisteredConsumer
from shared.projecting.holders import Holder
from shared.security.key_grants import KeyGrants

CONSUMER: Final = "consumer:"
ACCOUNT: Final = "account:"


class CopyHolders:
    """The holders of copies of one person: ours by asking, others by what they were given."""

    def __init__(
        self,
        holders: Sequence[Holder],
        grants: KeyGrants,
        consumers: Mapping[str, RegisteredConsumer],
    ) -> None:
        """Know our own `holders` and the registered consumers, by name."""
        self.ours = holders
        self._grants = grants
        self._names = {its.account: its.name for its in consumers.values()}

    async def names(self, kid: str) -> list[str]:
        """Return all who hold copies of the person of this key, as `PersonalDataErased` says it.

        A consumer that was given the key holds copies, for all we know. An account that is no
        longer registered is named by itself.

        Raises:
            UnavailableError: the key database does not answer.
        """
        given = [self.name_of(account) for account in await self._grants.accounts(kid)]
        return [*(holder.name for holder in self.ours), *sorted(given)]

    def name_of(self, account: str) -> str:
        """Return the holder that this service account stands for."""
        name = self._names.get(account)
        return f"{ACCOUNT}{account}" if name is None else f"{CONSUMER}{name}"
