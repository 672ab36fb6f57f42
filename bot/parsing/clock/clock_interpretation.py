"""Interprets written times and time ranges as minutes of a day."""

from dataclasses import dataclass
from typing import Literal

from bot.parsing.core.phrases import ClockTime, TimeRange
from bot.parsing.core.results import Problem
from domain.timespan import DAY_MINUTES, WallSpan

_HALF_DAY_MINUTES = DAY_MINUTES // 2
_HALF_DAY_HOURS = 12
_LAST_MINUTE = 59


@dataclass(frozen=True, slots=True)
class InterpretedRange:
    """A span of a day; ``assumption`` is the code of the note about what was assumed, if any."""

    span: WallSpan
    assumption: Literal["hours_24h", "meridiem_shared"] | None


def minutes_of(clock: ClockTime, meridiem: Literal["am", "pm"] | None = None) -> int | None:
    """Return minutes after midnight, 0 to 1440, or None if no clock shows this time.

    ``meridiem`` applies if the time names none itself.
    """
    half = clock.meridiem or meridiem
    minute = clock.minute or 0
    if minute > _LAST_MINUTE:
        return None
    if half is None:
        total = clock.hour * 60 + minute
        return total if total <= DAY_MINUTES else None
    if not 1 <= clock.hour <= _HALF_DAY_HOURS:
        return None
    return clock.hour % _HALF_DAY_HOURS * 60 + minute + (_HALF_DAY_MINUTES if half == "pm" else 0)


def is_explicit(clock: ClockTime) -> bool:
    """Return whether a time is unambiguous: it has minutes, am or pm, or a word like "Uhr"."""
    return clock.minute is not None or clock.meridiem is not None or clock.spoken


def interpret_range(hours: TimeRange, *, shift_end: bool) -> InterpretedRange | Problem:
    """Interpret a time range; midnight as an end is the end of the day.

    ``shift_end`` moves an end before the start by twelve hours if that makes sense.
    """
    for clock in (hours.first, hours.last):
        if minutes_of(clock) is None:
            return Problem("no_such_time", {"text": clock.text})
    first, last, shared = _start_and_end(hours)
    if first == last:
        return Problem("empty_span", {"start": first, "end": last})
    last = last or DAY_MINUTES
    if first < last:
        return InterpretedRange(
            WallSpan(first, last), "meridiem_shared" if shared else _assumption(hours)
        )
    if shift_end and can_shift_end(hours):
        return InterpretedRange(WallSpan(first, last + _HALF_DAY_MINUTES), None)
    return Problem("end_before_start", {"start": first, "end": last})


def can_shift_end(hours: TimeRange) -> bool:
    """Return whether an end twelve hours later is after the start, and no meridiem forbids it."""
    first, last, _ = _start_and_end(hours)
    return (
        hours.last.meridiem is None
        and 0 < last < _HALF_DAY_MINUTES
        and last < first < last + _HALF_DAY_MINUTES
    )


def _assumption(hours: TimeRange) -> Literal["hours_24h"] | None:
    """Return a note's code if a bare hour was read on the 24-hour clock, and could be pm.

    "Uhr" after the end applies to the start too, and an hour like 17 shows which clock is meant.
    """
    named_clock = hours.last.spoken and hours.last.meridiem is None
    shown_clock = max(hours.first.hour, hours.last.hour) > _HALF_DAY_HOURS
    explicit = is_explicit(hours.first) and is_explicit(hours.last)
    return None if named_clock or shown_clock or explicit else "hours_24h"


def _start_and_end(hours: TimeRange) -> tuple[int, int, bool]:
    """Return both ends in minutes, and whether one's am or pm was applied to the other."""
    first, last = hours.first, hours.last
    start, end = minutes_of(first) or 0, minutes_of(last) or 0
    if last.meridiem is not None and _can_share_meridiem(first, last):
        return _start_before(first, end or DAY_MINUTES, last.meridiem), end, True
    if first.meridiem is not None and _can_share_meridiem(last, first):
        return start, _end_after(last, start), True
    return start, end, False


def _can_share_meridiem(without: ClockTime, other: ClockTime) -> bool:
    """Return whether a time without am or pm can take the other's.

    It must be 1 to 12 without a leading zero, and neither may have a word like "Uhr" or "noon".
    """
    twelve_hour = 1 <= without.hour <= _HALF_DAY_HOURS and not without.text.startswith("0")
    return twelve_hour and without.meridiem is None and not without.spoken and not other.spoken


def _start_before(first: ClockTime, end: int, meridiem: Literal["am", "pm"]) -> int:
    """Return the start in the same half of the day as its end, or in the morning if it must be."""
    same = minutes_of(first, meridiem) or 0
    return same if same < end else minutes_of(first, "am") or 0


def _end_after(last: ClockTime, start: int) -> int:
    """Return the first time after a start that a 12-hour clock shows so, or one before it."""
    morning = minutes_of(last, "am") or 0
    return next((time for time in (morning, morning + _HALF_DAY_MINUTES) if time > start), morning)
