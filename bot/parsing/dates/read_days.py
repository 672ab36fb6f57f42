"""Parses one day as a client types it."""

from dataclasses import replace
from datetime import date

from bot.parsing.core.cursor import Cursor
from bot.parsing.core.phrases import OneDay, WrittenDate
from bot.parsing.core.results import DayRead, Problem
from bot.parsing.core.tokens import Kind, normal, tokens
from bot.parsing.dates.day_grammar import phrase
from bot.parsing.dates.day_interpretation import MONTHS_IN_YEAR, interpret_day

MAX_CHARACTERS = 500


def read_day(text: str, *, today: date) -> DayRead | Problem:
    """Parse one day; ``today`` is the person's local date.

    Problems: ``too_long``, ``not_understood``, ``no_such_day``, ``day_in_past``, and
    ``weekday_contradicts``, which suggests two days.
    """
    text = normal(text) if len(text) <= MAX_CHARACTERS else text
    if len(text) > MAX_CHARACTERS:
        return Problem("too_long", {"length": len(text), "most": MAX_CHARACTERS})
    cursor = Cursor(text, tokens(text))
    node = _only_day(cursor)
    if node is None:
        return Problem("not_understood", {"text": cursor.excerpt(cursor.furthest)})
    return interpret_day(node, today)


def read_month_first(text: str, *, today: date) -> date | None:
    """Return the day of a date like 12/7 if its month is first.

    None for any other text, for 7/7, and if that day does not exist or is past.
    """
    cursor = Cursor(normal(text), tokens(normal(text)))
    node = _only_day(cursor)
    if not isinstance(node, WrittenDate) or not node.slashed or node.day > MONTHS_IN_YEAR:
        return None
    read = interpret_day(replace(node, day=node.month or 0, month=node.day), today)
    return read.day if isinstance(read, DayRead) and node.day != node.month else None


def _only_day(cursor: Cursor) -> OneDay | None:
    """Return the one day that the whole text names, or None."""
    for days, end in phrase(cursor, 0):
        over = cursor.is_end(cursor.after_kind(end, Kind.DOT))
        only = days.days[0]
        if over and len(days.days) == 1 and days.period is None and isinstance(only, OneDay):
            return only
    return None
