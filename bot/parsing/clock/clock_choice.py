"""Finds the minutes a written time or stretch of hours means."""

from dataclasses import dataclass
from typing import Literal

from bot.parsing.core.phrases import Clock, Hours
from bot.parsing.core.results import Problem
from domain.timespan import DAY_MINUTES, WallSpan

_HALF = DAY_MINUTES // 2
_HALF_HOURS = 12
_LAST_MINUTE = 59


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a day; ``assumed`` is the code of the note that tells what was assumed, if anything."""

    span: WallSpan
    assumed: Literal["hours_24h", "meridiem_shared"] | None


def minutes_of(clock: Clock, meridiem: Literal["am", "pm"] | None = None) -> int | None:
    """Return minutes after midnight, 0 to 1440, with the given half of the day where the time names none; None where no clock shows it."""
    half = clock.meridiem or meridiem
    minute = clock.minute or 0
    if minute > _LAST_MINUTE:
        return None
    if half is None:
        total = clock.hour * 60 + minute
        return total if total <= DAY_MINUTES else None
    if not 1 <= clock.hour <= _HALF_HOURS:
        return None
    return clock.hour % _HALF_HOURS * 60 + minute + (_HALF if half == "pm" else 0)


def is_explicit(clock: Clock) -> bool:
    """Tell whether a time leaves no doubt: it has minutes, am or pm, or a word for the clock."""
    return clock.minute is not None or clock.meridiem is not None or clock.spoken


def stretch(hours: Hours, *, mend: bool) -> Stretch | Problem:
    """Find the stretch of a day that is meant.

    An end at midnight is the end of the day. ``mend`` moves an end that lies before the start by twelve hours where that makes sense.
    """
    for clock in (hours.first, hours.last):
        if minutes_of(clock) is None:
            return Problem("no_such_time", {"text": clock.text})
    first, last, shared = _ends(hours)
    if first == last:
        return Problem("empty_span", {"start": first, "end": last})
    last = last or DAY_MINUTES
    if first < last:
        return Stretch(WallSpan(first, last), "meridiem_shared" if shared else _doubt(hours))
    if mend and can_mend(hours):
        return Stretch(WallSpan(first, last + _HALF), None)
    return Problem("end_before_start", {"start": first, "end": last})


def can_mend(hours: Hours) -> bool:
    """Tell whether an end twelve hours later would lie after the start, and nothing said forbids it."""
    first, last, _ = _ends(hours)
    return hours.last.meridiem is None and 0 < last < _HALF and last < first < last + _HALF


def _doubt(hours: Hours) -> Literal["hours_24h"] | None:
    """Tell whether a bare hour was read on the 24-hour clock; "Uhr" at the end stands for both."""
    named_clock = hours.last.spoken and hours.last.meridiem is None
    return (
        None
        if named_clock or (is_explicit(hours.first) and is_explicit(hours.last))
        else "hours_24h"
    )


def _ends(hours: Hours) -> tuple[int, int, bool]:
    """Return both ends in minutes, and whether am or pm of one was taken for both."""
    first, last = hours.first, hours.last
    start, end = minutes_of(first) or 0, minutes_of(last) or 0
    if last.meridiem is not None and _may_share(first, last):
        return _start_before(first, end or DAY_MINUTES, last.meridiem), end, True
    if first.meridiem is not None and _may_share(last, first):
        return start, _end_after(last, start), True
    return start, end, False


def _may_share(silent: Clock, speaking: Clock) -> bool:
    """Tell whether a time without am or pm may take part in the other's: 1 to 12, not "08", no "Uhr", no "noon" beside it."""
    twelve_hour = 1 <= silent.hour <= _HALF_HOURS and not silent.text.startswith("0")
    return twelve_hour and silent.meridiem is None and not silent.spoken and not speaking.spoken


def _start_before(first: Clock, end: int, meridiem: Literal["am", "pm"]) -> int:
    """Return a start with the half of the day of its end, or the morning where it would not lie before the end."""
    same = minutes_of(first, meridiem) or 0
    return same if same < end else minutes_of(first, "am") or 0


def _end_after(last: Clock, start: int) -> int:
    """Return the first time after a start at which a 12-hour clock shows this; a time before it where none is left in the day."""
    morning = minutes_of(last, "am") or 0
    return next((time for time in (morning, morning + _HALF) if time > start), morning)
