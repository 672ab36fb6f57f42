"""When providers work: merged stretches of cells."""

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
_ALONE = select(provider.c.id).where(provider.c.id == bindparam("provider")).with_for_update()
_REMOVE = delete(availability).where(_OF_PROVIDER, availability.c.end_cell == bindparam("end"))
_ADD = insert(availability)


class SqlAvailability:
    """Implements ``domain.ports.Availability``."""

    def __init__(self, connection: Executor) -> None:
        """Work on this connection."""
        self._connection = connection

    async def alone(self, provider_id: int) -> None:
        """Let nobody hold anything with this provider, nor change his hours, until this transaction ends."""
        await self._connection.execute(_ALONE, {"provider": provider_id})

    async def within(self, provider_id: int, window: TimeSpan) -> Sequence[TimeSpan]:
        """Return the whole stretches that touch the window, in order."""
        rows = await self._connection.execute(
            _WITHIN, {"provider": provider_id, "first": window.start, "last": window.end}
        )
        return [TimeSpan(start, end) for start, end in rows]

    async def replace(
        self, provider_id: int, old: Iterable[TimeSpan], new: Iterable[TimeSpan]
    ) -> None:
        """Put new stretches in the place of old ones."""
        if removed := [{"provider": provider_id, "end": span.end} for span in old]:
            await self._connection.execute(_REMOVE, removed)
        if added := [
            {"provider_id": provider_id, "start_cell": span.start, "end_cell": span.end}
            for span in new
        ]:
            await self._connection.execute(_ADD, added)
