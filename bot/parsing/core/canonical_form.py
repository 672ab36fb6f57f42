"""Formats days and hours in a canonical form that parses back."""

from datetime import date, timedelta
from itertools import groupby

from bot.parsing.core.results import HoursRead
from domain.timespan import WallSpan


def format_day_hours(read: HoursRead) -> str:
    """Format days and hours so that ``read_hours`` parses them back.

    There is one line for each range of days with the same hours: ``2026-12-01 08:00-15:00`` or
    ``2026-12-01 - 2026-12-04 08:00-12:00, 13:00-17:00``. The end of a day is ``24:00``.
    """
    numbered = enumerate(read.days)
    runs = groupby(numbered, key=lambda entry: (entry[1][0] - timedelta(entry[0]), entry[1][1]))
    return "\n".join(
        _line(tuple(day for _, (day, _) in day_range), spans) for (_, spans), day_range in runs
    )


def _line(days: tuple[date, ...], spans: tuple[WallSpan, ...]) -> str:
    """Format one range of days with its hours."""
    named = (
        days[0].isoformat() if len(days) == 1 else f"{days[0].isoformat()} - {days[-1].isoformat()}"
    )
    return f"{named} {', '.join(f'{_clock(span.start)}-{_clock(span.end)}' for span in spans)}"


def _clock(minutes: int) -> str:
    """Format minutes after midnight on the 24-hour clock."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
