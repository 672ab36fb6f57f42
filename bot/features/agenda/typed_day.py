"""Read the day that a provider types for the agenda."""

from datetime import date

from bot.parsing.core.results import DayRead, Problem
from bot.parsing.dates.read_days import read_day
from bot.parsing.hours.read_hours import read_hours

_ALL = frozenset({"all", "alle"})
_UNREAD = frozenset({"not_understood", "too_long"})


def read_agenda_day(line: str, today: date) -> date | Problem:
    """Return the day a line names, past days too; of several days without hours, the first.

    The Problems are those of ``read_day``.
    """
    read = read_day(line, today=today)
    if isinstance(read, DayRead):
        return read.day
    if read.code == "day_in_past" and isinstance(day := read.values["day"], date):
        return day
    return _first_day(line, today) or read if is_unread(read) else read


def names_all(line: str) -> bool:
    """Return whether a line asks for the days of all providers."""
    return line.strip(" .!").casefold() in _ALL


def is_unread(day: date | Problem) -> bool:
    """Return whether a line names no day at all."""
    return isinstance(day, Problem) and day.code in _UNREAD


def _first_day(line: str, today: date) -> date | None:
    """Return the first of several days, like those of "next week"; None for any other line."""
    read = read_hours(line, today=today)
    days = read.values.get("days") if isinstance(read, Problem) else None
    return min(days) if isinstance(days, tuple) else None
