"""Write an event's notifications in the same transaction as the event."""

from datetime import datetime

from domain.events import Event
from domain.notification import notifications_of
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork


async def announce(uow: UnitOfWork, policy: BookingPolicy, now: datetime, *events: Event) -> None:
    """Add the notifications for these events to the outbox and record the events."""
    uow.events.extend(events)
    await uow.outbox.notify(
        n for event in events for n in notifications_of(event, now, policy.warning_lead)
    )
