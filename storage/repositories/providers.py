"""Providers and the people who act for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from domain.provider import Provider, Role, name_key
from storage.engine.executor import Executor
from storage.queries.rows import PROVIDER, provider_of
from storage.sql.variants import PerDialect
from storage.tables import SELF, acts_for, provider

_BY_NUMBER = provider.c.id == bindparam("provider")
# The lock that a hold takes on its provider anyway, by its foreign key. Taken before the hours are
# read, it prevents changes to them.
_LOCK_HOURS = (
    select(*PROVIDER).where(_BY_NUMBER).with_for_update(read=True, key_share=True, of=provider)
)
_ADD = insert(provider).returning(provider.c.id)
_RENAME = (
    update(provider)
    .where(_BY_NUMBER)
    .values(name=bindparam("new_name"), name_key=bindparam("new_key"), slug=bindparam("new_slug"))
)
_ZONE = update(provider).where(_BY_NUMBER).values(time_zone=bindparam("zone"))
_ACTS_FOR = (
    acts_for.c.person_id == bindparam("person"),
    acts_for.c.provider_id == bindparam("provider"),
)
_DISMISS = delete(acts_for).where(*_ACTS_FOR, acts_for.c.role == Role.ASSISTANT)
_DISMISS_SELF = (
    delete(acts_for)
    .where(
        acts_for.c.provider_id == bindparam("provider"),
        SELF,
        acts_for.c.person_id != bindparam("person"),
    )
    .returning(acts_for.c.person_id)
)


def _appoint(db: Any) -> Any:
    """Return the statement that sets the role of a person for a provider."""
    upsert = db.insert(acts_for)
    return upsert.on_conflict_do_update(
        index_elements=["person_id", "provider_id"],
        set_={"role": upsert.excluded.role, "notified": 1},
    )


_APPOINT = PerDialect(_appoint)
_NOTIFY = update(acts_for).where(*_ACTS_FOR).values(notified=bindparam("wanted"))


class SqlProviders:
    """Implements ``domain.ports.Providers``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def keep_hours(self, provider_id: int) -> Provider | None:
        """Return a provider, and prevent changes of their hours until the transaction ends."""
        found = await self._connection.execute(_LOCK_HOURS, {"provider": provider_id})
        return provider_of(row) if (row := found.one_or_none()) else None

    async def add(self, name: str, slug: str, zone: str | None, now: datetime) -> Provider:
        """Insert a provider and return it with its id."""
        row = {
            "name": name,
            "name_key": name_key(name),
            "slug": slug,
            "time_zone": zone,
            "joined_at": now,
        }
        number = (await self._connection.execute(_ADD, row)).scalar_one()
        return Provider(number, name, slug, zone)

    async def rename(self, provider_id: int, name: str, slug: str) -> None:
        """Update a provider's name and slug."""
        row = {
            "provider": provider_id,
            "new_name": name,
            "new_key": name_key(name),
            "new_slug": slug,
        }
        await self._connection.execute(_RENAME, row)

    async def choose_zone(self, provider_id: int, zone: str) -> None:
        """Store the time zone of a provider's hours."""
        await self._connection.execute(_ZONE, {"provider": provider_id, "zone": zone})

    async def set_notified(self, person_id: int, provider_id: int, *, wanted: bool) -> None:
        """Store whether a person who acts for a provider wants their notifications."""
        row = {"person": person_id, "provider": provider_id, "wanted": int(wanted)}
        await self._connection.execute(_NOTIFY, row)

    async def appoint(
        self, person_id: int, provider_id: int, role: Role, now: datetime
    ) -> int | None:
        """Let a person act for a provider; the role ``SELF`` takes it from any other person.

        Returns the number of the person who lost it, if anyone did.
        """
        before: int | None = None
        if role is Role.SELF:
            self_now = {"person": person_id, "provider": provider_id}
            before = await self._connection.scalar(_DISMISS_SELF, self_now)
        row = {
            "person_id": person_id,
            "provider_id": provider_id,
            "role": role,
            "notified": 1,
            "since": now,
        }
        await self._connection.execute(_APPOINT.on(self._connection), row)
        return before

    async def dismiss(self, person_id: int, provider_id: int) -> None:
        """Remove an assistant of a provider."""
        dismissed = {"person": person_id, "provider": provider_id}
        await self._connection.execute(_DISMISS, dismissed)
