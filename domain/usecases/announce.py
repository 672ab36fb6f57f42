"""Write what happened: the history and the notifications, in the transaction of the act itself."""

from collections.abc import Sequence
from datetime import datetime

from domain.events import Event
from domain.notification import RULES, Audience, Kind, Notification
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork


async def announce(uow: UnitOfWork, policy: BookingPolicy, now: datetime, *events: Event) -> None:
    """Record events in the history, and add their notifications to the outbox."""
    if not events:
        return
    uow.events.extend(events)
    await uow.history.add(events, now)
    await uow.outbox.notify(
        [
            notification
            for event in events
            for kind in (event.notifies, event.also_notifies)
            if kind is not None and RULES[kind].still_holds(event.reservation, now)
            for notification in await _notifications_of(uow, policy, event, kind, now)
        ]
    )


async def _notifications_of(
    uow: UnitOfWork, policy: BookingPolicy, event: Event, kind: Kind, now: datetime
) -> Sequence[Notification]:
    """Return the notifications of a kind that an event causes, for everyone but the actor."""
    due, after = event.due_at(now, policy.warning_lead), event.reservation
    if RULES[kind].audience is Audience.CLIENT:
        recipients: Sequence[int] = [after.client_id]
    else:
        staff = await uow.queries.staff_of(after.provider_id)
        recipients = [each for each in staff if each != after.client_id]
    # The warning is about the end of the hold, not about the act of the client who holds.
    told = [each for each in recipients if each != event.actor or kind is Kind.HOLD_WARNING]
    return [Notification(each, kind, after.id, due, after.revision) for each in told]
