"""The hours of providers, as merged spans of cells."""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, insert, select

from domain.timespan import TimeSpan
from storage.engine.executor import Executor
from storage.tables import availability, provider

_OF_PROVIDER = availability.c.provider_id == bindparam("provider")
_WITHIN = (
    select(availability.c.start_cell, availability.c.end_cell)
    .where(
        _OF_PROVIDER,
        availability.c.end_cell > bindparam("first"),
        availability.c.start_cell < bindparam("last"),
    )
    .order_by(availability.c.end_cell)
)
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

    async def within(self, provider_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the complete spans that touch the window, in order."""
        rows = await self._connection.execute(
            _WITHIN, {"provider": provider_id, "first": window.start, "last": window.end}
        )
        return [TimeSpan(start, end) for start, end in rows]

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
