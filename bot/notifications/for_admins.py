"""Notifications for admins: what failed, and which providers no one can be told for."""

from collections.abc import Sequence

from bot.messages.actions import Action, Send
from bot.notifications import admin_summary
from bot.notifications.admin_screens import reachable_screen, summary_screen, unreachable_screen
from bot.notifications.notice import Notice
from domain.notification import ProviderKind, Subject


async def incidents(notice: Notice) -> Sequence[Action]:
    """Say what went wrong in the bot; raises KeyError or ValueError for an invalid payload."""
    found = admin_summary.from_payload(notice.row.payload or {})
    return [Send(summary_screen(notice.locale, found))]


async def provider_unreachable(notice: Notice) -> Sequence[Action] | None:
    """Say that a provider cannot be booked, unless someone who acts for them is back."""
    provider = await notice.uow.queries.provider(notice.row.subject_id or 0)
    if provider is None or provider.reachable:
        return None
    return [Send(unreachable_screen(notice.locale, provider))]


async def provider_reachable(notice: Notice) -> Sequence[Action] | None:
    """Say that a provider can be booked again, if the admin was told that they could not."""
    provider = await notice.uow.queries.provider(notice.row.subject_id or 0)
    if provider is None or not provider.reachable:
        return None
    loss = await notice.uow.queries.delivery_of(
        ProviderKind.UNREACHABLE, notice.recipient.id, provider.id, Subject.PROVIDER
    )
    if loss is None or not loss.may_have_arrived:
        return None
    return [Send(reachable_screen(notice.locale, provider))]
