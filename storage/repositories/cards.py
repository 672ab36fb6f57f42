"""The messages in clients' chats that show reservations."""

from typing import Any

from sqlalchemy import bindparam, select, update

from domain.operations.card import Card
from storage.engine.executor import Executor
from storage.sql.variants import PerDialect
from storage.tables import card

_OF_RESERVATION = card.c.reservation_id == bindparam("reservation")
_GET = select(card.c.message_id, card.c.notice_message_id).where(_OF_RESERVATION)
_SHOWN_ON = select(card.c.reservation_id).where(
    card.c.chat_id == bindparam("chat"), card.c.message_id == bindparam("message")
)
# A message shows one reservation. Otherwise a change of the earlier one would overwrite it.
_DETACH = (
    update(card)
    .where(
        card.c.chat_id == bindparam("chat"),
        card.c.message_id == bindparam("message"),
        card.c.reservation_id != bindparam("reservation"),
    )
    .values(message_id=None)
)
_MOVE = (
    update(card)
    .where(card.c.chat_id == bindparam("chat"), card.c.message_id == bindparam("old"))
    .values(message_id=bindparam("new"))
)


def _upsert(db: Any, *changed: str) -> Any:
    """Return the statement that sets these columns of a reservation's row."""
    upsert = db.insert(card)
    return upsert.on_conflict_do_update(
        index_elements=["reservation_id"], set_={name: upsert.excluded[name] for name in changed}
    )


_SHOW_CARD = PerDialect(lambda db: _upsert(db, "chat_id", "message_id", "notice_message_id"))
_SHOW_ABOVE_NOTICE = PerDialect(lambda db: _upsert(db, "chat_id", "message_id"))
_SHOW_NOTICE = PerDialect(lambda db: _upsert(db, "notice_message_id"))


class SqlCards:
    """Implements ``bot.ports.Cards``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def of(self, reservation_id: int) -> Card:
        """Return the messages that show a reservation; both numbers may be None."""
        found = await self._connection.execute(_GET, {"reservation": reservation_id})
        return Card(*row) if (row := found.one_or_none()) else Card()

    async def shown_on(self, chat: int, message: int) -> int | None:
        """Return the reservation whose card a message is, None if it is none."""
        found = await self._connection.execute(_SHOWN_ON, {"chat": chat, "message": message})
        return row[0] if (row := found.first()) else None

    async def show(
        self, reservation_id: int, chat: int, message: int, *, keep_notice: bool = False
    ) -> None:
        """Record that a message is the card of a reservation, without a warning below it."""
        row = {"reservation": reservation_id, "chat": chat, "message": message}
        await self._connection.execute(_DETACH, row)
        statement = _SHOW_ABOVE_NOTICE if keep_notice else _SHOW_CARD
        await self._connection.execute(
            statement.on(self._connection),
            {
                "reservation_id": reservation_id,
                "chat_id": chat,
                "message_id": message,
                "notice_message_id": None,
            },
        )

    async def show_notice(self, reservation_id: int, chat: int, message: int | None) -> None:
        """Record which message warns of a hold's end, None if it was deleted."""
        row = {"reservation_id": reservation_id, "chat_id": chat, "notice_message_id": message}
        await self._connection.execute(
            _SHOW_NOTICE.on(self._connection), {**row, "message_id": None}
        )

    async def detach(self, chat: int, message: int, *, unless_of: int = 0) -> None:
        """Record that a message is no card any more, unless it is that of this reservation."""
        await self._connection.execute(
            _DETACH, {"chat": chat, "message": message, "reservation": unless_of}
        )

    async def move(self, chat: int, old: int, new: int) -> None:
        """Record that a message has replaced a missing card."""
        await self._connection.execute(_MOVE, {"chat": chat, "old": old, "new": new})
