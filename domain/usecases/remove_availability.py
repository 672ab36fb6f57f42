"""Remove published hours.

The provider decides whether reservations inside are kept or cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain import errors
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.posting import DraftState
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan, without
from domain.usecases.acting import provider_for
from domain.usecases.end_reservation import cancel_for
from domain.usecases.post_availability import draft_of


class Inside(StrEnum):
    """What to do with the reservations inside removed hours."""

    ASK = "a"
    KEEP = "k"
    CANCEL = "c"


@dataclass(frozen=True, slots=True)
class Removal:
    """The result: whether the hours were removed, and the reservations inside them."""

    done: bool
    inside: tuple[Reservation, ...] = ()


async def remove_availability(
    uow: UnitOfWork,
    policy: BookingPolicy,
    actor: int,
    provider_id: int,
    spans: Sequence[TimeSpan],
    inside: Inside,
    now: datetime,
) -> Removal:
    """Remove these spans from a provider's hours.

    With reservations inside, ``ASK`` changes nothing and returns them. Removing hours that are
    already gone changes nothing. Raises errors.OffGrid, and what ``provider_for`` raises.
    """
    provider = await provider_for(uow, actor, provider_id)
    if not all(span.on_grid for span in spans):
        raise errors.OffGrid(suggestion=None)
    return await _remove(uow, policy, actor, provider, spans, inside, now)


async def undo_publication(
    uow: UnitOfWork,
    policy: BookingPolicy,
    draft_id: int,
    actor: int,
    inside: Inside,
    now: datetime,
) -> Removal:
    """Remove exactly what publishing a draft added; undoing again changes nothing.

    Raises errors.ProviderOnly, errors.DraftUnknown, and errors.DraftDiscarded if it was never
    published.
    """
    draft, provider = await draft_of(uow, draft_id, actor)
    if draft.state is DraftState.UNDONE:
        return Removal(done=True)
    if draft.state is not DraftState.PUBLISHED:
        raise errors.DraftDiscarded
    removal = await _remove(uow, policy, actor, provider, draft.added, inside, now)
    if removal.done:
        await uow.drafts.save(replace(draft, state=DraftState.UNDONE))
    return removal


async def _remove(
    uow: UnitOfWork,
    policy: BookingPolicy,
    actor: int,
    provider: Provider,
    spans: Sequence[TimeSpan],
    inside: Inside,
    now: datetime,
) -> Removal:
    """Remove the spans, or return the reservations inside if ``inside`` is ``ASK``."""
    await uow.availability.lock(provider.id)
    found = await _live_inside(uow, provider.id, spans, now)
    if found and inside is Inside.ASK:
        return Removal(done=False, inside=found)
    for span in spans:
        old = await uow.queries.open_hours(provider.id, span)
        await uow.availability.replace(provider.id, old, without(old, [span]))
    if inside is Inside.CANCEL:
        for reservation in found:
            await cancel_for(uow, policy, actor, reservation, now)
    return Removal(done=True, inside=found)


async def _live_inside(
    uow: UnitOfWork, provider_id: int, spans: Sequence[TimeSpan], now: datetime
) -> tuple[Reservation, ...]:
    """Return the live reservations in these spans that have not begun, each once, by start."""
    found = {
        r.id: r
        for span in spans
        for r in await uow.reservations.to_change_within(provider_id, span, now)
    }
    return tuple(
        sorted((r for r in found.values() if r.span.starts_at > now), key=lambda r: r.span.start)
    )
