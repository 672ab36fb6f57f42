"""What went wrong, one row for each kind, until the admins have been told; and when they were told last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from domain.operations.incident import Incident, Trouble
from storage.engine.executor import Executor
from storage.sql.variants import PerDatabase
from storage.tables import digest, incident

_ONLY = 1
_TOLD_SINCE = (
    select(digest.c.id)
    .where(digest.c.id == _ONLY, digest.c.told_at > bindparam("since", type_=digest.c.told_at.type))
    .exists()
)
_UNTOLD = select(incident.c.kind).where(~_TOLD_SINCE).limit(1)
_TAKE = delete(incident).returning(incident.c.kind, incident.c.count, incident.c.error)


def _note(db: Any) -> Any:
    """Count one more of a kind."""
    put_in = db.insert(incident)
    latest = {name: put_in.excluded[name] for name in ("error", "latest")}
    return put_in.on_conflict_do_update(
        index_elements=["kind"], set_={"count": incident.c.count + 1, **latest}
    )


def _claim(db: Any) -> Any:
    """Be the one who tells, unless others have told since."""
    put_in = db.insert(digest)
    told = {"told_at": put_in.excluded.told_at}
    untold = digest.c.told_at <= bindparam("since")
    return put_in.on_conflict_do_update(index_elements=["id"], set_=told, where=untold).returning(
        digest.c.id
    )


_NOTE, _CLAIM = PerDatabase(_note), PerDatabase(_claim)


class SqlIncidents:
    """What the digest is made of."""

    def __init__(self, connection: Executor) -> None:
        """Work on this connection."""
        self._connection = connection

    async def note(self, kind: Trouble, error: str, now: datetime) -> None:
        """Count one more of a kind."""
        row = {"kind": kind, "count": 1, "error": error, "latest": now}
        await self._connection.execute(_NOTE.on(self._connection), row)

    async def any_unreported(self, since: datetime) -> bool:
        """Tell whether there are some and nobody was told of any after ``since``."""
        return (await self._connection.execute(_UNTOLD, {"since": since})).first() is not None

    async def take(self, now: datetime, since: datetime) -> Sequence[Incident]:
        """Take all there are, to be told in this transaction; none where others took some after ``since``.

        The row of the last telling decides: of two who come at once, the second waits for the first to commit, and then finds it done.
        """
        claimed = {"id": _ONLY, "told_at": now, "since": since}
        if (await self._connection.execute(_CLAIM.on(self._connection), claimed)).first() is None:
            return ()
        taken = await self._connection.execute(_TAKE)
        return sorted(
            (Incident(Trouble(kind), count, error) for kind, count, error in taken),
            key=lambda each: each.kind,
        )
