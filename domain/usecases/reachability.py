"""Tell the admins which providers no one can be notified for, and which can be booked again."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from domain.notification import Notification, ProviderKind, Subject, about_provider
from domain.ports import UnitOfWork
from domain.provider import Acting


async def mark_unreachable(
    uow: UnitOfWork, person_id: int, admin_ids: Collection[int], now: datetime
) -> None:
    """Note that a person cannot be notified.

    Providers for whom that leaves no one cannot be booked. The admins are told once, until someone
    who acts for the provider has been reachable again.
    """
    if not await uow.people.mark_unreachable(person_id, now):
        return
    lost = [
        each.provider.id
        for each in await _locked_acting(uow, person_id)
        if each.notified and not each.provider.reachable
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


async def announce_reachable(
    uow: UnitOfWork, person_id: int, admin_ids: Collection[int], now: datetime
) -> None:
    """Tell the admins which of a person's providers can be booked again.

    Only an admin who was told of the latest loss, or will be, is told: once for each loss.
    """
    acting = await _locked_acting(uow, person_id)
    admins = await uow.queries.admins(admin_ids) if acting else ()
    await uow.outbox.notify(
        [
            notice
            for each in acting
            if each.provider.reachable
            for notice in await _returns(uow, each.provider.id, [a.id for a in admins], now)
        ]
    )


async def _locked_acting(uow: UnitOfWork, person_id: int) -> Sequence[Acting]:
    """Return the providers whom a person acts for, after locking them.

    Of two people of a provider who are lost or return at once, the second sees what the first did.
    """
    for number in sorted(each.provider.id for each in await uow.queries.acting_for(person_id)):
        await uow.availability.lock(number)
    return await uow.queries.acting_for(person_id)


async def _returns(
    uow: UnitOfWork, provider_id: int, admins: Iterable[int], now: datetime
) -> list[Notification]:
    """Return the notifications that a provider can be booked again."""
    found = list[Notification]()
    for admin in admins:
        loss = await uow.queries.delivery_of(
            ProviderKind.UNREACHABLE, admin, provider_id, Subject.PROVIDER
        )
        if loss and loss.may_arrive:
            # The number of the earlier notice: there is one answer to each.
            found.append(
                about_provider(admin, ProviderKind.REACHABLE, provider_id, now, str(loss.id))
            )
    return found
