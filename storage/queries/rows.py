"""The columns of the domain's objects, and how a row becomes one."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from domain.provider import Provider
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan
from storage.tables import acts_for, person, provider

PERSON = (
    *(
        person.c[name]
        for name in (
            "id",
            "telegram_id",
            "name",
            "username",
            "language",
            "time_zone",
            "telegram_language",
            "unreachable_since",
            "phone",
            "guest_of",
        )
    ),
    person.c.admin_since.is_not(None).label("is_admin"),
)
_OTHER = provider.alias("other")
SHARES_NAME = (
    select(_OTHER.c.id)
    .where(_OTHER.c.name_key == provider.c.name_key, _OTHER.c.id != provider.c.id)
    .correlate(provider)
    .exists()
)


def reachable_staff(of: ColumnElement[int]) -> Select[tuple[int]]:
    """Return the query for the people who act for a provider and whom the bot notifies."""
    return (
        select(acts_for.c.person_id)
        .join(person, person.c.id == acts_for.c.person_id)
        .where(
            acts_for.c.provider_id == of,
            acts_for.c.notified == 1,
            person.c.telegram_id.is_not(None),
            person.c.unreachable_since.is_(None),
        )
    )


# Whether the bot notifies anyone who acts for the provider. Not an EXISTS, which PostgreSQL may
# answer by reading all people.
REACHABLE = (
    reachable_staff(provider.c.id).limit(1).correlate(provider).scalar_subquery().is_not(None)
)
PROVIDER = (
    provider.c.id,
    provider.c.name,
    provider.c.slug,
    provider.c.time_zone,
    SHARES_NAME.label("shares_name"),
    REACHABLE.label("reachable"),
)


def provider_of(row: Row[*tuple[Any, ...]]) -> Provider:
    """Return the provider of a row that begins with the columns ``PROVIDER``."""
    number, name, slug, time_zone, shares_name, reachable = row[: len(PROVIDER)]
    return Provider(number, name, slug, time_zone, bool(shares_name), bool(reachable))


def reservation_of(row: Row[*tuple[Any, ...]]) -> Reservation:
    """Return the reservation of a row with all columns of the table, in their order."""
    number, provider_id, client_id, start, end, status, *moments, ended_by, reason, first, at = row
    held_at, expires_at, confirmed_at, ended_at = moments
    return Reservation(
        number,
        provider_id,
        client_id,
        TimeSpan(start, end),
        Status(status),
        held_at,
        expires_at,
        confirmed_at,
        ended_at,
        Party(ended_by) if ended_by else None,
        reason,
        first,
        at,
    )
