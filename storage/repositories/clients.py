"""The people the bot knows."""

from datetime import datetime

from sqlalchemy import bindparam, select, update

from domain.client import Client, Contact
from storage.engine.executor import Executor
from storage.sql.variants import PerDatabase
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
# Nobody else acts for this person until the transaction ends; others may still point to him.
_ALONE = _GET.with_for_update(key_share=True)
_ADD = PerDatabase(lambda db: db.insert(client).on_conflict_do_nothing())
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
        """Work on this connection."""
        self._connection = connection

    async def get(self, client_id: int) -> Client | None:
        """Return one person, or None for a stranger."""
        row = (await self._connection.execute(_GET, {"client": client_id})).one_or_none()
        return Client(**row._asdict()) if row else None

    async def record_contact(self, contact: Contact, now: datetime) -> Client:
        """Note that a person wrote: new, or with a new name, and reachable again; he does nothing else until this transaction ends."""
        known = await self._alone(contact.id)
        told = (contact.name, contact.username, contact.language, None)
        if (
            known
            and (known.name, known.username, known.telegram_language, known.unreachable_since)
            == told
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

    async def _alone(self, client_id: int) -> Client | None:
        """Return one person with his row to ourselves."""
        row = (await self._connection.execute(_ALONE, {"client": client_id})).one_or_none()
        return Client(**row._asdict()) if row else None

    async def choose_zone(self, client_id: int, zone: str) -> None:
        """Keep the zone a person chose."""
        await self._connection.execute(_ZONE, {"client": client_id, "zone": zone})

    async def choose_language(self, client_id: int, language: str) -> None:
        """Keep the language a person chose."""
        await self._connection.execute(_LANGUAGE, {"client": client_id, "chosen": language})

    async def mark_unreachable(self, client_id: int, now: datetime) -> None:
        """Note since when a person cannot be written to; the first time counts."""
        await self._connection.execute(_UNREACHABLE, {"client": client_id, "now": now})
