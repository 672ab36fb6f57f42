"""The people who have written to the bot."""

from datetime import datetime

from sqlalchemy import bindparam, select, update

from domain.client import Client, Contact
from storage.engine.executor import Executor
from storage.sql.variants import PerDialect
from storage.tables import client

_FIELDS = [
    client.c[name]
    for name in (
        "id",
        "name",
        "username",
        "language",
        "time_zone",
        "telegram_language",
        "unreachable_since",
    )
]
_GET = select(*_FIELDS).where(client.c.id == bindparam("client"))
# Locks the person against other updates, but not against rows that reference them.
_GET_FOR_UPDATE = _GET.with_for_update(key_share=True)
_ADD = PerDialect(lambda db: db.insert(client).on_conflict_do_nothing())
_SET = update(client).where(client.c.id == bindparam("client"))
_ZONE = _SET.values(time_zone=bindparam("zone"))
_LANGUAGE = _SET.values(language=bindparam("chosen"))
_UNREACHABLE = _SET.where(client.c.unreachable_since.is_(None)).values(
    unreachable_since=bindparam("now")
)
_CHANGED = _SET.values(
    name=bindparam("new_name"),
    username=bindparam("new_username"),
    telegram_language=bindparam("new_language"),
    unreachable_since=None,
)


class SqlClients:
    """Implements ``domain.ports.Clients``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def get(self, client_id: int) -> Client | None:
        """Return a person, or None if they never wrote."""
        row = (await self._connection.execute(_GET, {"client": client_id})).one_or_none()
        return Client(**row._asdict()) if row else None

    async def record_contact(self, contact: Contact, now: datetime) -> Client:
        """Record that a person wrote, with their current name, and is reachable.

        Locks the person's row until the transaction ends, so that their updates run one at a time.
        """
        known = await self._get_for_update(contact.id)
        current = (contact.name, contact.username, contact.language, None)
        if (
            known
            and (known.name, known.username, known.telegram_language, known.unreachable_since)
            == current
        ):
            return known
        await self._connection.execute(
            _ADD.on(self._connection),
            {
                "id": contact.id,
                "name": contact.name,
                "username": contact.username,
                "first_seen_at": now,
            },
        )
        await self._connection.execute(
            _CHANGED,
            {
                "client": contact.id,
                "new_name": contact.name,
                "new_username": contact.username,
                "new_language": contact.language,
            },
        )
        row = (await self._connection.execute(_GET, {"client": contact.id})).one()
        return Client(**row._asdict())

    async def _get_for_update(self, client_id: int) -> Client | None:
        """Return a person and lock their row, or None if they never wrote."""
        row = (await self._connection.execute(_GET_FOR_UPDATE, {"client": client_id})).one_or_none()
        return Client(**row._asdict()) if row else None

    async def choose_zone(self, client_id: int, zone: str) -> None:
        """Store the time zone that a person chose."""
        await self._connection.execute(_ZONE, {"client": client_id, "zone": zone})

    async def choose_language(self, client_id: int, language: str) -> None:
        """Store the language that a person chose."""
        await self._connection.execute(_LANGUAGE, {"client": client_id, "chosen": language})

    async def mark_unreachable(self, client_id: int, now: datetime) -> None:
        """Record since when a person cannot be reached; an earlier instant is kept."""
        await self._connection.execute(_UNREACHABLE, {"client": client_id, "now": now})
