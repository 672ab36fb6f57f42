"""Hours that a provider is about to post."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from domain.posting import DayHours, Draft, DraftState
from domain.timespan import TimeSpan, WallSpan
from storage.engine.executor import Executor
from storage.tables import draft

_ADD = insert(draft).returning(draft.c.id)
_GET = (
    select(
        draft.c.id, draft.c.provider_id, draft.c.days, draft.c.state, draft.c.added, draft.c.zone
    )
    .where(draft.c.id == bindparam("wanted"))
    .with_for_update()
)
_SAVE = (
    update(draft)
    .where(draft.c.id == bindparam("wanted"))
    .values(
        days=bindparam("new_days"),
        state=bindparam("new_state"),
        added=bindparam("new_added"),
        zone=bindparam("new_zone"),
    )
)


class SqlDrafts:
    """Implements ``domain.ports.Drafts``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def add(self, provider_id: int, new: Draft, now: datetime) -> Draft:
        """Insert a draft and return it with its id."""
        row = {
            "provider_id": provider_id,
            "days": _encode_days(new.days),
            "state": new.state,
            "added": [],
            "drafted_at": now,
        }
        number = (await self._connection.execute(_ADD, row)).scalar_one()
        return Draft(number, provider_id, new.days, new.state)

    async def get(self, draft_id: int) -> Draft | None:
        """Return a draft and lock it until the transaction ends, or None if there is none."""
        row = (await self._connection.execute(_GET, {"wanted": draft_id})).one_or_none()
        if row is None:
            return None
        added = tuple(TimeSpan(start, end) for start, end in row.added)
        return Draft(
            row.id, row.provider_id, _decode_days(row.days), DraftState(row.state), added, row.zone
        )

    async def save(self, changed: Draft) -> None:
        """Update a draft."""
        added = [(span.start, span.end) for span in changed.added]
        row = {
            "wanted": changed.id,
            "new_days": _encode_days(changed.days),
            "new_state": changed.state,
            "new_added": added,
            "new_zone": changed.zone,
        }
        await self._connection.execute(_SAVE, row)


def _encode_days(days: tuple[DayHours, ...]) -> list[Any]:
    """Return days as JSON values: ``[["2026-12-01", [[480, 900]]], …]``."""
    return [(day.isoformat(), [(span.start, span.end) for span in spans]) for day, spans in days]


def _decode_days(encoded: list[Any]) -> tuple[DayHours, ...]:
    """Return days from JSON values."""
    return tuple(
        (date.fromisoformat(day), tuple(WallSpan(start, end) for start, end in spans))
        for day, spans in encoded
    )
