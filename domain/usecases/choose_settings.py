"""Choose the zone times are shown in, and the language."""

from domain.client import zone_named
from domain.ports import UnitOfWork


async def choose_zone(uow: UnitOfWork, client_id: int, zone: str) -> None:
    """Show this person all times in an IANA zone from now on; raises errors.ZoneUnknown."""
    await uow.clients.choose_zone(client_id, zone_named(zone).key)


async def choose_language(uow: UnitOfWork, client_id: int, language: str) -> None:
    """Speak this language with this person from now on."""
    await uow.clients.choose_language(client_id, language)
