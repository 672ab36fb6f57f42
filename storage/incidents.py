"""What went wrong, one row for each kind, until the admins have been told; and when they were told last."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.incident import Incident, Trouble
from storage.tables import digest, incident
from storage.upsert import insert_or

_ONLY = 1
_TOLD_SINCE = select(digest.c.id).where(digest.c.id == _ONLY, digest.c.told_at > bindparam("since", type_=digest.c.told_at.type)).exists()
_UNTOLD = select(incident.c.kind).where(~_TOLD_SINCE).limit(1)
_TAKE = delete(incident).returning(incident.c.kind, incident.c.count, incident.c.error)


class SqlIncidents:
    """What the digest is made of."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work on this connection."""
        self._connection = connection

    async def note(self, kind: Trouble, error: str, now: datetime) -> None:
        """Count one more of a kind."""
        statement = insert_or(self._connection, incident).values(kind=kind, count=1, error=error, latest=now)
        counted = statement.on_conflict_do_update(
            index_elements=["kind"], set_={"count": incident.c.count + 1, "error": error, "latest": now}
        )
        await self._connection.execute(counted)

    async def are_untold(self, since: datetime) -> bool:
        """Tell whether there are some and nobody was told of any after ``since``."""
        return (await self._connection.execute(_UNTOLD, {"since": since})).first() is not None

    async def take(self, now: datetime, since: datetime) -> Sequence[Incident]:
        """Take all there are, to be told in this transaction; none where others took some after ``since``.

        The row of the last telling decides: of two who come at once, the second waits for the first to commit, and then finds it done.
        """
        statement = insert_or(self._connection, digest).values(id=_ONLY, told_at=now)
        claimed = statement.on_conflict_do_update(index_elements=["id"], set_={"told_at": now}, where=digest.c.told_at <= since).returning(
            digest.c.id
        )
        if (await self._connection.execute(claimed)).first() is None:
            return ()
        taken = await self._connection.execute(_TAKE)
        return sorted((Incident(Trouble(kind), count, error) for kind, count, error in taken), key=lambda each: each.kind)
