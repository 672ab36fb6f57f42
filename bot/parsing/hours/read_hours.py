"""Parses the hours that a provider posts: days, and the hours of each.

Line breaks and semicolons split a text into pieces, which are parsed separately. If a piece has
several readings with different hours, the result is a Problem that offers them.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import product

from bot.parsing.core.canonical_form import format_day_hours
from bot.parsing.core.cursor import Cursor
from bot.parsing.core.phrases import DayPhrase, WrittenDate
from bot.parsing.core.results import HoursRead, Problem
from bot.parsing.core.tokens import normal, tokens
from bot.parsing.core.words import EVERY, WEEK, WEEKDAYS, WEEKLY
from bot.parsing.dates.day_interpretation import ConflictResolution
from bot.parsing.dates.range_interpretation import interpret_days
from bot.parsing.hours.hours_interpretation import Resolution, interpret_hours
from bot.parsing.hours.statement_grammar import Reading, readings

__all__ = ["MAX_CHARACTERS", "format_day_hours", "read_hours"]

MAX_CHARACTERS = 1000
_MAX_COMBINATIONS = 8
_PIECES = re.compile(r"[;\r\n]+")


def read_hours(text: str, *, today: date, days: Sequence[date] = ()) -> HoursRead | Problem:
    """Parse days and hours; ``today`` is the provider's local date.

    Hours without days apply to ``days``.

    Problems are those of days and times, and ``no_day``, ``no_hours``, ``no_end``, ``no_repeat``,
    ``too_many_days``, ``not_understood``, ``too_long`` and ``several_meanings``. Suggestions are
    ``HoursRead`` values. ``no_hours`` holds the ``days`` if the text has nothing else.
    """
    text = normal(text) if len(text) <= MAX_CHARACTERS else text
    if len(text) > MAX_CHARACTERS:
        return Problem("too_long", {"length": len(text), "most": MAX_CHARACTERS})
    pieces = [piece for piece in _PIECES.split(text) if piece.strip()]
    readings_by_piece: list[tuple[Reading, ...]] = []
    for piece in pieces:
        found = _piece_readings(piece, today, days)
        if isinstance(found, Problem):
            return (
                replace(found, values={}) if found.code == "no_hours" and len(pieces) > 1 else found
            )
        readings_by_piece.append(found)
    return (
        _combine(readings_by_piece, today)
        if readings_by_piece
        else Problem("not_understood", {"text": ""})
    )


def _piece_readings(piece: str, today: date, days: Sequence[date]) -> tuple[Reading, ...] | Problem:
    """Return the readings of one piece, or a Problem."""
    cursor = Cursor(piece, tokens(piece))
    whole = readings(cursor, incomplete=False)
    if whole:
        return whole
    if _repeats(cursor):
        return Problem("no_repeat")
    partial = readings(cursor, incomplete=True)
    if not partial:
        return Problem("not_understood", {"text": cursor.excerpt(cursor.furthest)})
    scoped = tuple(
        _on_days(reading, days) for reading in partial if days and _is_hours_alone(reading)
    )
    return scoped or _missing_part(partial[0], today)


def _repeats(text: Cursor) -> bool:
    """Return whether the text asks for weekly hours, like "every Monday" or "mondays"."""
    every = (at for at in range(len(text.tokens)) if text.is_word(at, EVERY))
    return any(text.is_word(at + 1, (*WEEKDAYS, *WEEK)) for at in every) or any(
        one.text in WEEKLY for one in text.tokens
    )


def _is_hours_alone(reading: Reading) -> bool:
    """Return whether a reading has hours and no days."""
    return all(statement.phrase is None and statement.hours for statement in reading)


def _on_days(reading: Reading, days: Sequence[date]) -> Reading:
    """Return hours without days as those of the given days."""
    phrase = DayPhrase(tuple(WrittenDate(day.day, day.month, day.year) for day in days))
    return tuple(replace(statement, phrase=phrase) for statement in reading)


def _missing_part(reading: Reading, today: date) -> Problem:
    """Return the Problem of the first incomplete statement: of its days, or of what is missing."""
    statement = next(one for one in reading if one.phrase is None or not one.hours)
    if statement.phrase is None:
        return Problem("no_day")
    days = interpret_days(statement.phrase, today, ConflictResolution.REFUSE)
    if isinstance(days, Problem):
        return replace(days, suggestions=())
    if statement.open_start is None:
        return Problem("no_hours", {"days": days[0]} if len(reading) == 1 else {})
    return Problem("no_end", {"text": statement.open_start.text})


def _combine(readings_by_piece: list[tuple[Reading, ...]], today: date) -> HoursRead | Problem:
    """Return the one interpretation of all pieces, or a Problem that may offer several."""
    combinations = [
        _concatenated(choice)
        for choice, _ in zip(product(*readings_by_piece), range(_MAX_COMBINATIONS), strict=False)
    ]
    results = [_interpret(statements, today) for statements in combinations]
    good = {read.days: read for read in reversed(results) if isinstance(read, HoursRead)}
    meanings = tuple(
        read for read in results if isinstance(read, HoursRead) and good[read.days] is read
    )
    if not meanings:
        return results[0]
    return (
        meanings[0]
        if len(meanings) == 1
        else Problem("several_meanings", {"count": len(meanings)}, meanings)
    )


def _concatenated(choice: tuple[Reading, ...]) -> Reading:
    """Return the statements of all pieces in order."""
    return tuple(statement for reading in choice for statement in reading)


def _interpret(statements: Reading, today: date) -> HoursRead | Problem:
    """Return the hours, or a Problem with corrected interpretations to offer."""
    strict = interpret_hours(statements, today, Resolution())
    if not isinstance(strict, Problem):
        return strict
    resolutions: tuple[Resolution, ...] = ()
    if strict.code == "end_before_start":
        resolutions = (Resolution(shift_end=True),)
    if strict.code == "weekday_contradicts":
        resolutions = (Resolution(ConflictResolution.DATE), Resolution(ConflictResolution.WEEKDAY))
    alternatives = (interpret_hours(statements, today, resolution) for resolution in resolutions)
    return replace(
        strict, suggestions=tuple(read for read in alternatives if isinstance(read, HoursRead))
    )
