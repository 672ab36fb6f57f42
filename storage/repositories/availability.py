"""The hours of providers, as merged spans of cells."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, insert, select

from domain.timespan import TimeSpan
from storage.engine.executor import Executor
from storage.tables import availability, provider

_OF_PROVIDER = availability.c.provider_id == bindparam("provider")
_LOCK = select(provider.c.id).where(provider.c.id == bindparam("provider")).with_for_update()
_REMOVE = delete(availability).where(_OF_PROVIDER, availability.c.end_cell == bindparam("end"))
_ADD = insert(availability)


class SqlAvailability:
    """Implements ``domain.ports.Availability``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def lock(self, provider_id: int) -> None:
        """Lock a provider until the transaction ends: no other one holds slots or changes hours."""
        await self._connection.execute(_LOCK, {"provider": provider_id})

    async def replace(
        self, provider_id: int, old: Iterable[TimeSpan], new: Iterable[TimeSpan]
    ) -> None:
        """Replace old spans by new ones."""
        if removed := [{"provider": provider_id, "end": span.end} for span in old]:
            await self._connection.execute(_REMOVE, removed)
        if added := [
            {"provider_id": provider_id, "start_cell": span.start, "end_cell": span.end}
            for span in new
        ]:
            await self._connection.execute(_ADD, added)
