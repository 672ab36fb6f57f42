"""Notifications for the people who act for a provider."""

from collections.abc import Sequence

from bot.messages.actions import Action, Send
from bot.notifications import screens
from bot.notifications.notice import Notice
from domain.notification import Kind
from domain.provider import Provider


async def booking_confirmed(notice: Notice) -> Sequence[Action]:
    """Tell of a new booking."""
    visit, of = notice.visit, await _named(notice)
    locale = notice.provider_locale
    return [Send(screens.booking_confirmed(locale, visit.reservation, visit.client, of))]


async def cancelled_by_client(notice: Notice) -> Sequence[Action] | None:
    """Tell of a cancelled booking, unless the recipient never learned of the booking."""
    if not await _knows_of_booking(notice):
        return None
    visit, of = notice.visit, await _named(notice)
    locale = notice.provider_locale
    return [Send(screens.cancelled_by_client(locale, visit.reservation, visit.client, of))]


async def cancelled_by_team(notice: Notice) -> Sequence[Action] | None:
    """Tell who else cancelled a booking, unless the recipient never learned of the booking."""
    if not await _knows_of_booking(notice):
        return None
    visit, of = notice.visit, await _named(notice)
    actor = await notice.uow.queries.actor_of(visit.reservation)
    if actor is None:
        raise LookupError(f"no one cancelled reservation {visit.reservation.id}")
    locale = notice.provider_locale
    return [Send(screens.cancelled_by_team(locale, visit.reservation, visit.client, actor, of))]


async def _knows_of_booking(notice: Notice) -> bool:
    """Return whether the recipient was told of the booking, or sees it in their agenda now."""
    delivery = await notice.uow.queries.delivery_of(
        Kind.BOOKING_CONFIRMED, notice.recipient.id, notice.visit.reservation.id
    )
    if delivery is not None:
        return delivery.may_have_arrived
    # Without a row, the recipient acts for the provider since a later day, or had switched
    # notifications off. Then this one is the first, which is better than none.
    return notice.recipient.id in await notice.uow.queries.team_of(notice.visit.provider.id)


async def _named(notice: Notice) -> Provider | None:
    """Return the provider if the recipient has to be told which one; None if it is themselves."""
    own = (await notice.roles()).provider
    provider = notice.visit.provider
    return None if own and own.id == provider.id else provider
