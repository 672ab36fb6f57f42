"""Where people stand in their dialogues."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from domain.operations.dialogue import Dialogue
from storage.engine.executor import Executor
from storage.sql.variants import PerDatabase
from storage.tables import dialogue

_GET = select(dialogue.c.flow, dialogue.c.state, dialogue.c.data, dialogue.c.card_message_id).where(
    dialogue.c.client_id == bindparam("client")
)
_SHOW_ON = (
    update(dialogue)
    .where(dialogue.c.client_id == bindparam("client"), dialogue.c.flow.is_not(None))
    .values(card_message_id=bindparam("card"))
)
_MOVE_CARD = (
    update(dialogue)
    .where(
        dialogue.c.client_id == bindparam("client"), dialogue.c.card_message_id == bindparam("old")
    )
    .values(card_message_id=bindparam("new"))
)
_CHANGING = ("flow", "state", "data", "card_message_id", "changed_at")


def _save(db: Any) -> Any:
    """Keep where a person stands, for the first time or anew."""
    put_in = db.insert(dialogue)
    return put_in.on_conflict_do_update(
        index_elements=["client_id"], set_={name: put_in.excluded[name] for name in _CHANGING}
    )


_SAVE = PerDatabase(_save)


class SqlDialogues:
    """Implements ``domain.ports.Dialogues``."""

    def __init__(self, connection: Executor) -> None:
        """Work on this connection."""
        self._connection = connection

    async def get(self, client_id: int) -> Dialogue:
        """Return where a person stands; outside of any dialogue where nothing is kept."""
        row = (await self._connection.execute(_GET, {"client": client_id})).one_or_none()
        return Dialogue(**row._asdict()) if row else Dialogue()

    async def save(self, client_id: int, changed: Dialogue, now: datetime) -> None:
        """Keep where a person stands now."""
        row = {
            "flow": changed.flow,
            "state": changed.state,
            "data": dict(changed.data),
            "card_message_id": changed.card_message_id,
        }
        await self._connection.execute(
            _SAVE.on(self._connection), {"client_id": client_id, "changed_at": now, **row}
        )

    async def show_on(self, client_id: int, card: int) -> None:
        """Note the message the dialogue, if the person is in one, now edits in place."""
        await self._connection.execute(_SHOW_ON, {"client": client_id, "card": card})

    async def move_card(self, client_id: int, old: int, new: int) -> None:
        """Note that a message took the place of the dialogue's card, where that was the one that is gone."""
        await self._connection.execute(_MOVE_CARD, {"client": client_id, "old": old, "new": new})
