"""The dialogue state of each person."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from domain.operations.dialogue import Dialogue
from storage.engine.executor import Executor
from storage.sql.variants import PerDialect
from storage.tables import dialogue

_GET = select(dialogue.c.flow, dialogue.c.state, dialogue.c.data, dialogue.c.card_message_id).where(
    dialogue.c.person_id == bindparam("person")
)
_SHOW_ON = (
    update(dialogue)
    .where(dialogue.c.person_id == bindparam("person"), dialogue.c.flow.is_not(None))
    .values(card_message_id=bindparam("card"))
)
_MOVE_CARD = (
    update(dialogue)
    .where(
        dialogue.c.person_id == bindparam("person"), dialogue.c.card_message_id == bindparam("old")
    )
    .values(card_message_id=bindparam("new"))
)
_CHANGING = ("flow", "state", "data", "card_message_id", "changed_at")


def _save(db: Any) -> Any:
    """Return the upsert of a person's dialogue state."""
    upsert = db.insert(dialogue)
    return upsert.on_conflict_do_update(
        index_elements=["person_id"], set_={name: upsert.excluded[name] for name in _CHANGING}
    )


_SAVE = PerDialect(_save)


class SqlDialogues:
    """Implements ``bot.ports.Dialogues``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def get(self, person_id: int) -> Dialogue:
        """Return a person's dialogue state; an empty one if they are in no dialogue."""
        row = (await self._connection.execute(_GET, {"person": person_id})).one_or_none()
        return Dialogue(**row._asdict()) if row else Dialogue()

    async def save(self, person_id: int, changed: Dialogue, now: datetime) -> None:
        """Store a person's dialogue state."""
        row = {
            "flow": changed.flow,
            "state": changed.state,
            "data": dict(changed.data),
            "card_message_id": changed.card_message_id,
        }
        await self._connection.execute(
            _SAVE.on(self._connection), {"person_id": person_id, "changed_at": now, **row}
        )

    async def show_on(self, person_id: int, card: int) -> None:
        """Record which message the dialogue edits in place, if the person is in one."""
        await self._connection.execute(_SHOW_ON, {"person": person_id, "card": card})

    async def move_card(self, person_id: int, old: int, new: int) -> None:
        """Record that a message has replaced a missing one, if that was the dialogue's card."""
        await self._connection.execute(_MOVE_CARD, {"person": person_id, "old": old, "new": new})
