"""Posting availability: from wall-clock hours on named days to stretches of real time, by way of a draft that is previewed first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain import errors
from domain.timespan import CELL_MINUTES, TimeSpan, WallSpan, merged, on_day

DAYS_LIMIT = 400

DayHours = tuple[date, tuple[WallSpan, ...]]


class DraftState(StrEnum):
    """Where a draft stands."""

    OPEN = "open"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Draft:
    """Hours a provider is about to post.

    ``days`` are sorted; a day still without hours has an empty tuple. ``added`` is what publishing really added, and so what undoing
    takes away again: time that was posted before stays. ``zone`` is the IANA zone it was previewed in last, None before.
    """

    id: int
    provider_id: int
    days: tuple[DayHours, ...] = ()
    state: DraftState = DraftState.OPEN
    added: tuple[TimeSpan, ...] = ()
    zone: str | None = None

    def toggled(self, day: date) -> "Draft":
        """Return it with the day chosen where it was not, and the other way round."""
        others = tuple(pair for pair in self.days if pair[0] != day)
        chosen = others if len(others) < len(self.days) else (*others, (day, ()))
        if len(chosen) > DAYS_LIMIT:
            raise errors.TooManyDays(limit=DAYS_LIMIT)
        return replace(self, days=tuple(sorted(chosen)))

    def with_hours(self, hours: WallSpan) -> "Draft":
        """Return it with these hours on every chosen day."""
        return replace(self, days=tuple((day, (hours,)) for day, _ in self.days))


def plan(days: Sequence[DayHours], zone: ZoneInfo, now: datetime) -> tuple[TimeSpan, ...]:
    """Turn a posting into real time, merged and sorted; nothing is bent in silence.

    Raises:
        errors.TooManyDays: more than ``DAYS_LIMIT`` days.
        errors.OffGrid: some hours are off the quarter-hour grid; carries the nearest inward posting.
        errors.TimeInPast: some hours have begun; carries what is left of the posting.
        errors.NothingToPublish: no real time is left, such as hours wholly inside a clock change.
    """
    if len(days) > DAYS_LIMIT:
        raise errors.TooManyDays(limit=DAYS_LIMIT)
    if not all(span.on_grid for _, spans in days for span in spans):
        raise errors.OffGrid(suggestion=_inward(days))
    if any(_begun(day, span, zone, now) for day, spans in days for span in spans):
        raise errors.TimeInPast(suggestion=_still_to_come(days, zone, now))
    real = merged(
        found for day, spans in days for span in spans if (found := on_day(day, span, zone))
    )
    if not real:
        raise errors.NothingToPublish
    return real


def _inward(days: Iterable[DayHours]) -> tuple[DayHours, ...]:
    """Return the posting with all hours cut inward to the grid, leaving out what vanishes."""
    return _kept(
        (day, tuple(cut for span in spans if (cut := span.inward()))) for day, spans in days
    )


def _begun(day: date, span: WallSpan, zone: ZoneInfo, now: datetime) -> bool:
    """Tell whether these hours began before now."""
    real = on_day(day, span, zone)
    return real is not None and real.starts_at < now


def _still_to_come(days: Iterable[DayHours], zone: ZoneInfo, now: datetime) -> tuple[DayHours, ...]:
    """Return the part of a posting that still lies ahead."""
    return _kept(
        (day, tuple(rest for span in spans if (rest := _rest(day, span, zone, now))))
        for day, spans in days
    )


def _rest(day: date, span: WallSpan, zone: ZoneInfo, now: datetime) -> WallSpan | None:
    """Return what of these hours has not begun, or None where nothing is left.

    Each quarter is turned into real time rather than compared with the clock's reading now: that reading may be on its second pass.
    """
    for start in range(span.start, span.end, CELL_MINUTES):
        rest = WallSpan(start, span.end)
        real = on_day(day, rest, zone)
        if real is None or real.ends_at <= now:
            return None
        if real.starts_at >= now:
            return rest
    return None


def _kept(days: Iterable[DayHours]) -> tuple[DayHours, ...]:
    """Leave out the days on which nothing is left."""
    return tuple((day, spans) for day, spans in days if spans)
