"""Choose the language and the time zone."""

from domain.client import zone_named
from domain.ports import UnitOfWork


async def choose_zone(uow: UnitOfWork, client_id: int, zone: str) -> None:
    """Show all times in an IANA zone to this person; raise errors.ZoneUnknown."""
    await uow.clients.choose_zone(client_id, zone_named(zone).key)


async def choose_language(uow: UnitOfWork, client_id: int, language: str) -> None:
    """Use this language for this person."""
    await uow.clients.choose_language(client_id, language)
