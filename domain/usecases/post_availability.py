"""Post hours: draft, publish, discard, undo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from domain import errors
from domain.availability import slots_in
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.posting import DayHours, Draft, DraftState, plan
from domain.provider import Provider
from domain.timespan import TimeSpan, merged, without
from domain.usecases.acting import provider_for, provider_if_acting, providers_of


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of publishing a draft: all its time, the part already published, and its slots."""

    draft: Draft
    spans: tuple[TimeSpan, ...]
    posted: tuple[TimeSpan, ...]
    slots: int


async def draft_hours(
    uow: UnitOfWork, actor: int, provider_id: int, days: Sequence[DayHours], now: datetime
) -> Draft:
    """Store hours for a preview; selected days may have no hours yet.

    Raises what ``provider_for`` raises.
    """
    provider = await provider_for(uow, actor, provider_id)
    return await uow.drafts.add(provider.id, Draft(0, provider.id, tuple(sorted(days))), now)


async def draft_of(uow: UnitOfWork, draft_id: int, actor: int) -> tuple[Draft, Provider]:
    """Return a draft and its provider, for whom the actor acts.

    Raises errors.ProviderOnly, errors.DraftUnknown.
    """
    draft = await uow.drafts.get(draft_id)
    provider = await provider_if_acting(uow, actor, draft.provider_id) if draft else None
    if draft is None or provider is None:
        await providers_of(uow, actor)
        raise errors.DraftUnknown
    return draft, provider


async def change_draft(uow: UnitOfWork, actor: int, draft: Draft) -> Draft:
    """Store a changed draft; raise errors.DraftDiscarded if it is no longer open.

    Raises what ``draft_of`` raises.
    """
    stored, _ = await draft_of(uow, draft.id, actor)
    if stored.state is not DraftState.OPEN:
        raise errors.DraftDiscarded
    await uow.drafts.save(draft)
    return draft


async def preview_of(
    uow: UnitOfWork, policy: BookingPolicy, draft: Draft, zone: ZoneInfo, now: datetime
) -> Preview:
    """Return the effect of publishing the draft; raise what ``posting.plan`` raises."""
    spans = plan(draft.days, zone, now)
    posted = await uow.queries.open_hours(draft.provider_id, _window_around(spans))
    inside = tuple(part for span in spans for old in posted if (part := old.clipped(span)))
    return Preview(draft, spans, inside, slot_count(spans, policy))


async def publish_draft(
    uow: UnitOfWork, draft_id: int, actor: int, zone: ZoneInfo, now: datetime
) -> Draft:
    """Merge the draft's hours into the published ones; publishing again changes nothing.

    Raises errors.ProviderOnly, errors.DraftUnknown, errors.DraftDiscarded, errors.ZoneChanged, and
    what ``posting.plan`` raises.
    """
    draft, provider = await draft_of(uow, draft_id, actor)
    if draft.state is DraftState.PUBLISHED:
        return draft
    if draft.state is not DraftState.OPEN:
        raise errors.DraftDiscarded
    if draft.zone not in {None, zone.key}:
        raise errors.ZoneChanged
    published = replace(
        draft,
        state=DraftState.PUBLISHED,
        added=await _post(uow, provider.id, plan(draft.days, zone, now)),
    )
    await uow.drafts.save(published)
    return published


async def discard_draft(uow: UnitOfWork, draft_id: int, actor: int) -> Draft:
    """Discard an unpublished draft; otherwise change nothing.

    Raises errors.ProviderOnly, errors.DraftUnknown.
    """
    draft, _ = await draft_of(uow, draft_id, actor)
    if draft.state is not DraftState.OPEN:
        return draft
    discarded = replace(draft, state=DraftState.DISCARDED)
    await uow.drafts.save(discarded)
    return discarded


def slot_count(spans: Sequence[TimeSpan], policy: BookingPolicy) -> int:
    """Return how many slots these spans contain."""
    return sum(
        1 for span in spans for _ in slots_in(span, range(span.start, span.end), policy.slot_cells)
    )


async def _post(
    uow: UnitOfWork, provider_id: int, spans: tuple[TimeSpan, ...]
) -> tuple[TimeSpan, ...]:
    """Merge spans into the published hours and return what was actually added."""
    await uow.availability.lock(provider_id)
    old = await uow.queries.open_hours(provider_id, _window_around(spans))
    await uow.availability.replace(provider_id, old, merged((*old, *spans)))
    return without(spans, old)


def _window_around(spans: Sequence[TimeSpan]) -> TimeSpan:
    """Return a window around all spans, one cell wider on each side to include adjacent ones."""
    return TimeSpan(spans[0].start - 1, spans[-1].end + 1)
