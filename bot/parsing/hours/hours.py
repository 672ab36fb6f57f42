"""Reads the hours a provider posts: days, and the hours of each of them.

Lines and semicolons part a text into pieces that are read on their own. A piece is read in every way the grammar allows; where two
ways mean different hours nothing is guessed: the person is asked which.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import product

from bot.parsing.core.cursor import Cursor
from bot.parsing.core.phrases import DayPhrase, Written
from bot.parsing.core.plain_form import format_day_hours
from bot.parsing.core.results import HoursRead, Problem
from bot.parsing.core.tokens import normal, tokens
from bot.parsing.core.words import EVERY, WEEK, WEEKDAYS, WEEKLY
from bot.parsing.dates.day_choice import Contradiction
from bot.parsing.dates.run_choice import choose_days
from bot.parsing.hours.hours_choice import Belief, choose_hours
from bot.parsing.hours.statement_grammar import Reading, readings

__all__ = ["MOST_CHARACTERS", "format_day_hours", "read_hours"]

MOST_CHARACTERS = 1000
_MOST_WAYS = 8
_PIECES = re.compile(r"[;\r\n]+")


def read_hours(text: str, *, today: date, days: Sequence[date] = ()) -> HoursRead | Problem:
    """Read days and hours; ``today`` is the provider's local date, and hours that stand alone are taken for those of ``days``.

    The Problems are those of days and hours, and ``no_day``, ``no_hours``, ``no_end``, ``no_repeat``, ``too_many_days``,
    ``not_understood``, ``too_long``, ``several_meanings``. Suggestions are whole ``HoursRead`` values; ``no_hours`` holds the ``days``
    where there is nothing besides them.
    """
    text = normal(text) if len(text) <= MOST_CHARACTERS else text
    if len(text) > MOST_CHARACTERS:
        return Problem("too_long", {"length": len(text), "most": MOST_CHARACTERS})
    pieces = [piece for piece in _PIECES.split(text) if piece.strip()]
    ways: list[tuple[Reading, ...]] = []
    for piece in pieces:
        found = _ways(piece, today, days)
        if isinstance(found, Problem):
            return (
                replace(found, values={}) if found.code == "no_hours" and len(pieces) > 1 else found
            )
        ways.append(found)
    return _meaning(ways, today) if ways else Problem("not_understood", {"text": ""})


def _ways(piece: str, today: date, days: Sequence[date]) -> tuple[Reading, ...] | Problem:
    """Return the ways to read one piece, or what is wrong with it."""
    cursor = Cursor(piece, tokens(piece))
    whole = readings(cursor, incomplete=False)
    if whole:
        return whole
    if _repeats(cursor):
        return Problem("no_repeat")
    partial = readings(cursor, incomplete=True)
    if not partial:
        return Problem("not_understood", {"text": cursor.piece(cursor.furthest)})
    placed = tuple(
        _placed(reading, days) for reading in partial if days and _is_hours_alone(reading)
    )
    return placed or _missing(partial[0], today)


def _repeats(text: Cursor) -> bool:
    """Tell whether hours of every week are meant, such as those of "every Monday" or "mondays"."""
    every = (at for at in range(len(text.tokens)) if text.is_word(at, EVERY))
    return any(text.is_word(at + 1, (*WEEKDAYS, *WEEK)) for at in every) or any(
        one.text in WEEKLY for one in text.tokens
    )


def _is_hours_alone(reading: Reading) -> bool:
    """Tell whether all there is are hours."""
    return all(statement.phrase is None and statement.hours for statement in reading)


def _placed(reading: Reading, days: Sequence[date]) -> Reading:
    """Return hours that stand alone as those of the given days."""
    phrase = DayPhrase(tuple(Written(day.day, day.month, day.year) for day in days))
    return tuple(replace(statement, phrase=phrase) for statement in reading)


def _missing(reading: Reading, today: date) -> Problem:
    """Return what the first incomplete statement lacks; days that cannot be meant are a Problem of their own."""
    statement = next(one for one in reading if one.phrase is None or not one.hours)
    if statement.phrase is None:
        return Problem("no_day")
    days = choose_days(statement.phrase, today, Contradiction.REFUSE)
    if isinstance(days, Problem):
        return replace(days, suggestions=())
    if statement.open_start is None:
        return Problem("no_hours", {"days": days[0]} if len(reading) == 1 else {})
    return Problem("no_end", {"text": statement.open_start.text})


def _meaning(ways: list[tuple[Reading, ...]], today: date) -> HoursRead | Problem:
    """Return what all pieces together mean, if that is one thing; else the first Problem, or the meanings to choose from."""
    together = [
        _joined(choice) for choice, _ in zip(product(*ways), range(_MOST_WAYS), strict=False)
    ]
    judged = [_judged(statements, today) for statements in together]
    good = {read.days: read for read in reversed(judged) if isinstance(read, HoursRead)}
    meanings = tuple(
        read for read in judged if isinstance(read, HoursRead) and good[read.days] is read
    )
    if not meanings:
        return judged[0]
    return (
        meanings[0]
        if len(meanings) == 1
        else Problem("several_meanings", {"count": len(meanings)}, meanings)
    )


def _joined(choice: tuple[Reading, ...]) -> Reading:
    """Return the statements of all pieces in a row."""
    return tuple(statement for reading in choice for statement in reading)


def _judged(statements: Reading, today: date) -> HoursRead | Problem:
    """Return the hours meant, or a Problem with whole readings to offer where a slip can be mended."""
    strict = choose_hours(statements, today, Belief())
    if not isinstance(strict, Problem):
        return strict
    beliefs: tuple[Belief, ...] = ()
    if strict.code == "end_before_start":
        beliefs = (Belief(mend=True),)
    if strict.code == "weekday_contradicts":
        beliefs = (Belief(Contradiction.DATE), Belief(Contradiction.WEEKDAY))
    mended = (choose_hours(statements, today, belief) for belief in beliefs)
    return replace(
        strict, suggestions=tuple(read for read in mended if isinstance(read, HoursRead))
    )
