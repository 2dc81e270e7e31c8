"""How far a record lies from somebody, so that they ask for no more than reaches it.

Told to nobody who may not see the record: for them it lies as far as any, there or not.
"""

from services.permissions.application.questions import Entity
from services.permissions.application.resources import Resources
from services.permissions.application.sight import sees
from shared.authorization.explaining import narrowest
from shared.authorization.rights import Rights
from shared.authorization.scopes import Scope


class RecordReach:
    """Looks records up, as explanations do."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def scope(
        self, asks: Rights, subject: str, permission: str | None, record_id: str | None
    ) -> Scope:
        """Return the least scope by which the subject would reach the record.

        Args:
            asks: the rights of whoever asks.
            subject: who would use it.
            permission: for what; it says of which type the record is.
            record_id: which record; None: any.

        Raises:
            UnavailableError: the database does not answer.
        """
        if permission is None or record_id is None:
            return Scope.ALL
        asked, world = Entity(permission.partition(":")[0], record_id), asks.basis.world
        record = self._resources.record(world, asked, await self._resources.look_up([asked]))
        entry = world.entry(subject)
        if record.owner is None or entry is None:
            return Scope.ALL
        if not sees(asks, self._resources, asked, [record], of_past=False):
            return Scope.ALL
        return narrowest(world, entry, subject, record)
