"""Guests: people without Telegram whom a provider entered. Only those who act for them see them."""

from collections.abc import Sequence
from datetime import datetime

from domain.person import Person, phone_number, public_name
from domain.ports import UnitOfWork
from domain.usecases.acting import provider_for


async def add_guest(
    uow: UnitOfWork, actor: int, provider_id: int, name: str, phone: str | None, now: datetime
) -> int:
    """Add a guest of a provider for whom the actor acts, and return the number of the guest.

    Raises errors.NameUnusable, errors.PhoneUnusable, and what ``provider_for`` raises.
    """
    provider = await provider_for(uow, actor, provider_id)
    number = phone_number(phone) if phone else None
    return await uow.people.add_guest(provider.id, public_name(name), number, now)


async def guests_of(uow: UnitOfWork, actor: int, provider_id: int) -> Sequence[Person]:
    """Return the guests of a provider by name; raise what ``provider_for`` raises."""
    provider = await provider_for(uow, actor, provider_id)
    return await uow.queries.guests_of(provider.id)
