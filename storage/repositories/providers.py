"""The people who post hours."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    String,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from domain.provider import SPELLINGS, Provider, name_key, spelling_key
from storage.engine.executor import Executor
from storage.sql.functions import position
from storage.tables import client, provider

_FIELDS = (provider.c.id, provider.c.client_id, provider.c.name, provider.c.slug)
_OTHER = provider.alias("other")
_SHARES_NAME = (
    select(_OTHER.c.id)
    .where(_OTHER.c.name_key == provider.c.name_key, _OTHER.c.id != provider.c.id)
    .correlate(provider)
    .exists()
)
_TIME_ZONE = select(client.c.time_zone).where(client.c.id == provider.c.client_id).scalar_subquery()
_SHOWN = (*_FIELDS, _SHARES_NAME.label("shares_name"), _TIME_ZONE.label("time_zone"))
_BY_NUMBER = provider.c.id == bindparam("provider")
_GET = select(*_SHOWN).where(_BY_NUMBER)
# The lock that a hold takes on its provider anyway, by its foreign key. Taken before the hours are
# read, it prevents changes to them.
_LOCK_HOURS = select(*_FIELDS).where(_BY_NUMBER).with_for_update(read=True, key_share=True)
_OF_CLIENT = select(*_SHOWN).where(provider.c.client_id == bindparam("client"))
_BY_SLUG = select(*_SHOWN).where(provider.c.slug == bindparam("wanted"))
_ADD = insert(provider).returning(provider.c.id)
_RENAME = (
    update(provider)
    .where(provider.c.id == bindparam("provider"))
    .values(name=bindparam("new_name"), name_key=bindparam("new_key"), slug=bindparam("new_slug"))
)
# The part may occur anywhere in a name, so this reads the whole index of names: a few milliseconds
# for ten thousand.
_PART = bindparam("part", type_=String())
_LABEL = provider.c.name_key + " (" + provider.c.slug + ")"
# Other spellings match whole words only. Otherwise "Sue" would find Susan.
_WORDS = bindparam("words", type_=String())
_SPELLING_KEY: ColumnElement[str] = reduce(
    lambda key, spelling: func.replace(key, *spelling), SPELLINGS, provider.c.name_key
)
_MATCHES = (
    or_(
        position(provider.c.name_key, _PART) > 0,
        position(" " + _SPELLING_KEY + " ", _WORDS) > 0,
        provider.c.slug == _PART,
        # Clients see this label if a name is not unique, and may type it: completely at any time,
        # or a part of it while the name is not unique.
        _LABEL == _PART,
        and_(position(_LABEL, _PART) > 0, _SHARES_NAME),
    ),
    provider.c.client_id != bindparam("excluding"),
)
_SEARCH = (
    select(*_SHOWN)
    .where(*_MATCHES)
    .order_by(provider.c.name_key, provider.c.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNT = select(func.count()).select_from(provider).where(*_MATCHES)


class SqlProviders:
    """Implements ``domain.ports.Providers``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def get(self, provider_id: int) -> Provider | None:
        """Return a provider by id, or None if there is none."""
        return _provider_of(
            (await self._connection.execute(_GET, {"provider": provider_id})).one_or_none()
        )

    async def keep_hours(self, provider_id: int) -> Provider | None:
        """Return a provider, and prevent changes of their hours until the transaction ends."""
        return _provider_of(
            (await self._connection.execute(_LOCK_HOURS, {"provider": provider_id})).one_or_none()
        )

    async def of_client(self, client_id: int) -> Provider | None:
        """Return the provider that this person is, or None if they are none."""
        return _provider_of(
            (await self._connection.execute(_OF_CLIENT, {"client": client_id})).one_or_none()
        )

    async def by_slug(self, slug: str) -> Provider | None:
        """Return the provider with this slug, or None if there is none."""
        return _provider_of(
            (await self._connection.execute(_BY_SLUG, {"wanted": slug})).one_or_none()
        )

    async def add(self, client_id: int, name: str, slug: str, now: datetime) -> Provider:
        """Insert a provider and return it with its id."""
        row = {
            "client_id": client_id,
            "name": name,
            "name_key": name_key(name),
            "slug": slug,
            "joined_at": now,
        }
        number = (await self._connection.execute(_ADD, row)).scalar_one()
        return Provider(number, client_id, name, slug)

    async def rename(self, provider_id: int, name: str, slug: str) -> None:
        """Update a provider's name and slug."""
        row = {
            "provider": provider_id,
            "new_name": name,
            "new_key": name_key(name),
            "new_slug": slug,
        }
        await self._connection.execute(_RENAME, row)

    async def search(
        self, part: str, *, excluding: int, offset: int, limit: int
    ) -> Sequence[Provider]:
        """Return the providers whose name or label contains the part, or whose slug it is, by name.

        Words of a name are also found in another spelling, like "Mueller" for "Müller".
        Leaves out the provider who is the client ``excluding``.
        """
        wanted = {**_matching(part), "excluding": excluding, "offset": offset, "limit": limit}
        rows = await self._connection.execute(_SEARCH, wanted, long_running=bool(part))
        return [Provider(**row._asdict()) for row in rows]

    async def count(self, part: str, *, excluding: int) -> int:
        """Return how many providers ``search`` finds."""
        return int(
            await self._connection.scalar(
                _COUNT, {**_matching(part), "excluding": excluding}, long_running=bool(part)
            )
        )


def _matching(part: str) -> dict[str, str]:
    """Return the parameters of a search for a part of a name."""
    return {"part": name_key(part), "words": f" {' '.join(spelling_key(part).split())} "}


def _provider_of(row: Row[*tuple[Any, ...]] | None) -> Provider | None:
    """Return the provider of a row, or None if there is no row."""
    return Provider(**row._asdict()) if row else None
