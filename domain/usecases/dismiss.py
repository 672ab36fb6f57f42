"""Remove assistants: admins end that a person acts for a provider."""

from collections.abc import Collection
from datetime import datetime

from domain import errors
from domain.notification import ProviderKind, about_provider
from domain.person import Person
from domain.ports import UnitOfWork
from domain.provider import Assistance, Role
from domain.usecases.announce_staff import announce_leaving
from domain.usecases.invite import check_admin


async def assistance_of(
    uow: UnitOfWork, actor: Person, admin_ids: Collection[int], person_id: int, provider_id: int
) -> Assistance:
    """Return an assistant of a provider; raises errors.AdminOnly, errors.AssistantUnknown."""
    check_admin(actor, admin_ids)
    return await _assistance(uow, person_id, provider_id)


async def _assistance(uow: UnitOfWork, person_id: int, provider_id: int) -> Assistance:
    """Return an assistant of a provider; raises errors.AssistantUnknown."""
    assistant = await uow.queries.person(person_id)
    for each in await uow.queries.acting_for(person_id):
        if assistant and each.provider.id == provider_id and each.role is Role.ASSISTANT:
            return Assistance(assistant, each.provider)
    raise errors.AssistantUnknown


async def is_last_reachable(uow: UnitOfWork, assistance: Assistance) -> bool:
    """Return whether without this assistant the bot can notify no one of the provider's bookings.

    It is also true if it cannot notify the assistant either.
    """
    staff = await uow.queries.reachable_staff_of(assistance.provider.id)
    return not {*staff} - {assistance.assistant.id}


async def dismiss(
    uow: UnitOfWork,
    actor: Person,
    admin_ids: Collection[int],
    person_id: int,
    provider_id: int,
    now: datetime,
    *,
    even_last: bool = False,
) -> Assistance:
    """Remove an assistant of a provider; notify them and the others who act, except the actor.

    Only with ``even_last`` it removes the last person whom the bot can notify: nobody can book the
    provider then. Raises errors.LastReachable, and what ``assistance_of`` raises.
    """
    check_admin(actor, admin_ids)
    # Two admins must not each remove one of the last two people.
    await uow.availability.lock(provider_id)
    dismissed = await _assistance(uow, person_id, provider_id)
    if not even_last and await is_last_reachable(uow, dismissed):
        raise errors.LastReachable
    await uow.providers.dismiss(person_id, provider_id)
    if person_id != actor.id:
        notice = about_provider(person_id, ProviderKind.ASSISTANT_REMOVED, provider_id, now)
        await uow.outbox.notify([notice])
    await announce_leaving(uow, person_id, provider_id, actor.id, now)
    return dismissed
