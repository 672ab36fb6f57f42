"""Clients, people who work for providers, admins and guests."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from domain.person import Contact, Person
from storage.engine.executor import Executor
from storage.queries.rows import PERSON
from storage.sql.variants import PerDialect
from storage.tables import person

_OF_ACCOUNT = select(*PERSON).where(person.c.telegram_id == bindparam("account"))
# Locks the person against other updates, but not against rows that reference them.
_OF_ACCOUNT_FOR_UPDATE = _OF_ACCOUNT.with_for_update(key_share=True)
_ADD = PerDialect(lambda db: db.insert(person).on_conflict_do_nothing())
_ADD_GUEST = insert(person).returning(person.c.id)
_SET = update(person).where(person.c.id == bindparam("person"))
_ZONE = _SET.values(time_zone=bindparam("zone"))
_LANGUAGE = _SET.values(language=bindparam("chosen"))
_ADMIN = _SET.where(person.c.admin_since.is_(None)).values(admin_since=bindparam("now"))
_UNREACHABLE = (
    _SET.where(person.c.unreachable_since.is_(None))
    .values(unreachable_since=bindparam("now"))
    .returning(person.c.id)
)
_CHANGED = _SET.values(
    name=bindparam("new_name"),
    username=bindparam("new_username"),
    telegram_language=bindparam("new_language"),
    unreachable_since=None,
)


class SqlPeople:
    """Implements ``domain.ports.People``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def record_contact(self, contact: Contact, now: datetime) -> Person:
        """Record that a person wrote, with their current name, and is reachable.

        The returned person still says since when they were unreachable until now.
        Locks the person's row until the transaction ends, so that their updates run one at a time.
        """
        known = await self._of_account(contact.telegram_id)
        if known is None:
            row = {"telegram_id": contact.telegram_id, "name": contact.name, "first_seen_at": now}
            await self._connection.execute(_ADD.on(self._connection), row)
            known = await self._of_account(contact.telegram_id)
        if known is None:
            raise RuntimeError("a person who was just added is missing")
        current = (contact.name, contact.username, contact.language, None)
        stored = (known.name, known.username, known.telegram_language, known.unreachable_since)
        if stored == current:
            return known
        await self._connection.execute(
            _CHANGED,
            {
                "person": known.id,
                "new_name": contact.name,
                "new_username": contact.username,
                "new_language": contact.language,
            },
        )
        changed = await self._of_account(contact.telegram_id) or known
        return replace(changed, unreachable_since=known.unreachable_since)

    async def _of_account(self, telegram_id: int) -> Person | None:
        """Return the person with a Telegram account and lock their row, or None."""
        found = await self._connection.execute(_OF_ACCOUNT_FOR_UPDATE, {"account": telegram_id})
        return Person(**row._asdict()) if (row := found.one_or_none()) else None

    async def add_guest(self, provider_id: int, name: str, phone: str | None, now: datetime) -> int:
        """Insert a person without a Telegram account, and return their id."""
        row = {"guest_of": provider_id, "name": name, "phone": phone, "first_seen_at": now}
        return int((await self._connection.execute(_ADD_GUEST, row)).scalar_one())

    async def choose_zone(self, person_id: int, zone: str) -> None:
        """Store the time zone that a person chose."""
        await self._connection.execute(_ZONE, {"person": person_id, "zone": zone})

    async def choose_language(self, person_id: int, language: str) -> None:
        """Store the language that a person chose."""
        await self._connection.execute(_LANGUAGE, {"person": person_id, "chosen": language})

    async def make_admin(self, person_id: int, now: datetime) -> None:
        """Make a person an admin; an earlier instant is kept."""
        await self._connection.execute(_ADMIN, {"person": person_id, "now": now})

    async def mark_unreachable(self, person_id: int, now: datetime) -> bool:
        """Record since when a person cannot be reached; return False if they were unreachable."""
        return bool(await self._connection.execute(_UNREACHABLE, {"person": person_id, "now": now}))
