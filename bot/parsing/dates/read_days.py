"""Parses one day as a client types it."""

from datetime import date

from bot.parsing.core.cursor import Cursor
from bot.parsing.core.phrases import OneDay
from bot.parsing.core.results import DayRead, Problem
from bot.parsing.core.tokens import Kind, normal, tokens
from bot.parsing.dates.day_grammar import phrase
from bot.parsing.dates.day_interpretation import interpret_day

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


def _only_day(cursor: Cursor) -> OneDay | None:
    """Return the one day that the whole text names, or None."""
    for days, end in phrase(cursor, 0):
        over = cursor.is_end(cursor.after_kind(end, Kind.DOT))
        only = days.days[0]
        if over and len(days.days) == 1 and days.period is None and isinstance(only, OneDay):
            return only
    return None
