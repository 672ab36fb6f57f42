"""Incidents, counted by kind until the next admin summary, and the time of the last summary."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from domain.operations.incident import Incident, IncidentKind
from storage.engine.executor import Executor
from storage.sql.variants import PerDialect
from storage.tables import digest, incident

_ONLY = 1
_REPORTED_SINCE = (
    select(digest.c.id)
    .where(digest.c.id == _ONLY, digest.c.told_at > bindparam("since", type_=digest.c.told_at.type))
    .exists()
)
_UNREPORTED = select(incident.c.kind).where(~_REPORTED_SINCE).limit(1)
_TAKE = delete(incident).returning(incident.c.kind, incident.c.count, incident.c.error)


def _note(db: Any) -> Any:
    """Return the statement that adds one to the count of a kind."""
    upsert = db.insert(incident)
    latest = {name: upsert.excluded[name] for name in ("error", "latest")}
    return upsert.on_conflict_do_update(
        index_elements=["kind"], set_={"count": incident.c.count + 1, **latest}
    )


def _claim(db: Any) -> Any:
    """Return the statement that claims the summary, unless another replica has sent one since."""
    upsert = db.insert(digest)
    reported = {"told_at": upsert.excluded.told_at}
    unreported = digest.c.told_at <= bindparam("since")
    return upsert.on_conflict_do_update(
        index_elements=["id"], set_=reported, where=unreported
    ).returning(digest.c.id)


_NOTE, _CLAIM = PerDialect(_note), PerDialect(_claim)


class SqlIncidents:
    """The contents of the admin summary."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def note(self, kind: IncidentKind, error: str, now: datetime) -> None:
        """Add one to the count of a kind."""
        row = {"kind": kind, "count": 1, "error": error, "latest": now}
        await self._connection.execute(_NOTE.on(self._connection), row)

    async def any_unreported(self, since: datetime) -> bool:
        """Return whether there are incidents and no summary was sent after ``since``."""
        return (await self._connection.execute(_UNREPORTED, {"since": since})).first() is not None

    async def take(self, now: datetime, since: datetime) -> Sequence[Incident]:
        """Delete and return all incidents, or none if a summary was sent after ``since``.

        The caller reports them in the same transaction. The row of the last summary decides: of two
        replicas, the second waits for the first to commit and then finds the summary sent.
        """
        claimed = {"id": _ONLY, "told_at": now, "since": since}
        if (await self._connection.execute(_CLAIM.on(self._connection), claimed)).first() is None:
            return ()
        taken = await self._connection.execute(_TAKE)
        return sorted(
            (Incident(IncidentKind(kind), count, error) for kind, count, error in taken),
            key=lambda each: each.kind,
        )
