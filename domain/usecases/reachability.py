"""Note whom the bot cannot notify, and tell the admins which providers that leaves alone."""

from collections.abc import Collection
from datetime import datetime

from domain.notification import ProviderKind, about_provider
from domain.ports import UnitOfWork


async def mark_unreachable(
    uow: UnitOfWork, person_id: int, admin_ids: Collection[int], now: datetime
) -> None:
    """Note that a person cannot be notified.

    Providers for whom that leaves no one cannot be booked. The admins are told once, until someone
    who acts for the provider has been reachable again.
    """
    if not await uow.people.mark_unreachable(person_id, now):
        return
    # Of two people who are lost at once, the second waits here, and then sees both as lost.
    for number in sorted(each.provider.id for each in await uow.queries.acting_for(person_id)):
        await uow.availability.lock(number)
    lost = [
        each.provider.id
        for each in await uow.queries.acting_for(person_id)
        if not each.provider.reachable
    ]
    admins = await uow.queries.admins(admin_ids) if lost else ()
    await uow.outbox.notify(
        [
            about_provider(admin.id, ProviderKind.UNREACHABLE, provider_id, now)
            for provider_id in lost
            for admin in admins
            if admin.id != person_id
        ]
    )
