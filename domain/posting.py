"""Posting availability: a draft of wall-clock hours on named days becomes spans of real time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain import errors
from domain.timespan import GRID_MINUTES, TimeSpan, WallSpan, merged, on_day

DAYS_LIMIT = 400

DayHours = tuple[date, tuple[WallSpan, ...]]


class DraftState(StrEnum):
    """The states of a draft."""

    OPEN = "open"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Draft:
    """Hours that a provider is about to publish.

    ``days`` are sorted; a day without hours yet has an empty tuple. ``added`` is what publishing
    actually added and what undoing removes; time that was already published stays. ``zone`` is the
    IANA zone of the latest preview, or None.
    """

    id: int
    provider_id: int
    days: tuple[DayHours, ...] = ()
    state: DraftState = DraftState.OPEN
    added: tuple[TimeSpan, ...] = ()
    zone: str | None = None

    def toggled(self, day: date) -> "Draft":
        """Return a copy with the day selected, or deselected if it was selected."""
        others = tuple(pair for pair in self.days if pair[0] != day)
        chosen = others if len(others) < len(self.days) else (*others, (day, ()))
        if len(chosen) > DAYS_LIMIT:
            raise errors.TooManyDays(limit=DAYS_LIMIT)
        return replace(self, days=tuple(sorted(chosen)))

    def with_hours(self, hours: WallSpan) -> "Draft":
        """Return a copy with these hours on every selected day."""
        return replace(self, days=tuple((day, (hours,)) for day, _ in self.days))


def plan(days: Sequence[DayHours], zone: ZoneInfo, now: datetime) -> tuple[TimeSpan, ...]:
    """Convert a posting to real time, merged and sorted. Nothing is adjusted silently.

    Raises:
        errors.TooManyDays: more than ``DAYS_LIMIT`` days.
        errors.OffGrid: some hours are off the quarter-hour grid; carries the nearest inward
            posting.
        errors.TimeInPast: some hours have begun; carries the remaining part of the posting.
        errors.NothingToPublish: no real time is left, for example hours inside a clock change.
    """
    if len(days) > DAYS_LIMIT:
        raise errors.TooManyDays(limit=DAYS_LIMIT)
    if not all(span.on_grid for _, spans in days for span in spans):
        raise errors.OffGrid(suggestion=_cut_inward(days))
    if any(_has_begun(day, span, zone, now) for day, spans in days for span in spans):
        raise errors.TimeInPast(suggestion=_remaining_days(days, zone, now))
    real = merged(
        found for day, spans in days for span in spans if (found := on_day(day, span, zone))
    )
    if not real:
        raise errors.NothingToPublish
    return real


def _cut_inward(days: Iterable[DayHours]) -> tuple[DayHours, ...]:
    """Return the posting with all hours cut inward to the grid, without hours that vanish."""
    return _nonempty_days(
        (day, tuple(cut for span in spans if (cut := span.inward()))) for day, spans in days
    )


def _has_begun(day: date, span: WallSpan, zone: ZoneInfo, now: datetime) -> bool:
    """Return whether these hours began before now."""
    real = on_day(day, span, zone)
    return real is not None and real.starts_at < now


def _remaining_days(
    days: Iterable[DayHours], zone: ZoneInfo, now: datetime
) -> tuple[DayHours, ...]:
    """Return the part of a posting that is still ahead."""
    return _nonempty_days(
        (day, tuple(rest for span in spans if (rest := _remaining(day, span, zone, now))))
        for day, spans in days
    )


def _remaining(day: date, span: WallSpan, zone: ZoneInfo, now: datetime) -> WallSpan | None:
    """Return the part of these hours that has not begun, or None.

    Each quarter-hour is converted to real time and not compared with the wall clock, which may show
    the same hour for the second time.
    """
    for start in range(span.start, span.end, GRID_MINUTES):
        rest = WallSpan(start, span.end)
        real = on_day(day, rest, zone)
        if real is None or real.ends_at <= now:
            return None
        if real.starts_at >= now:
            return rest
    return None


def _nonempty_days(days: Iterable[DayHours]) -> tuple[DayHours, ...]:
    """Return the days that have any hours."""
    return tuple((day, spans) for day, spans in days if spans)
