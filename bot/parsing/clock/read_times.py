"""Parses one time of day or one time range."""

from bot.parsing.clock.clock_grammar import clock, span
from bot.parsing.clock.clock_interpretation import (
    InterpretedRange,
    interpret_range,
    is_explicit,
    minutes_of,
)
from bot.parsing.core.cursor import Cursor
from bot.parsing.core.results import Note, Problem, SpanRead, TimeRead
from bot.parsing.core.tokens import Kind, normal, tokens
from bot.parsing.core.words import AT
from domain.timespan import WallSpan

MAX_CHARACTERS = 500


def read_time(text: str) -> TimeRead | Problem:
    """Parse one time of day; midnight is 0 unless written 24:00.

    Problems: ``too_long``, ``not_understood``, ``no_such_time``.
    """
    cursor = _cursor(text)
    if isinstance(cursor, Problem):
        return cursor
    for node, end in clock(cursor, cursor.after(0, AT)):
        if _at_end(cursor, end):
            minutes = minutes_of(node)
            if minutes is None:
                return Problem("no_such_time", {"text": node.text})
            return TimeRead(minutes, node.meridiem is not None, is_explicit(node))
    return Problem("not_understood", {"text": cursor.excerpt(cursor.furthest)})


def read_span(text: str) -> SpanRead | Problem:
    """Parse one time range, like ``8am-3pm`` or ``von 8 bis 15 Uhr``.

    Problems: ``too_long``, ``not_understood``, ``no_such_time``, ``empty_span`` and
    ``end_before_start``.
    """
    cursor = _cursor(text)
    if isinstance(cursor, Problem):
        return cursor
    for node, end in span(cursor, 0):
        if _at_end(cursor, end):
            found = interpret_range(node, shift_end=False)
            return (
                found if isinstance(found, Problem) else SpanRead(found.span, range_notes([found]))
            )
    return Problem("not_understood", {"text": cursor.excerpt(cursor.furthest)})


def range_notes(ranges: list[InterpretedRange]) -> tuple[Note, ...]:
    """Return one note for each kind of assumption, with the spans it applies to in text order."""
    notes = []
    for code in ("hours_24h", "meridiem_shared"):
        spans: tuple[WallSpan, ...] = tuple(
            dict.fromkeys(found.span for found in ranges if found.assumption == code)
        )
        if spans:
            notes.append(Note(code, {"spans": spans}))
    return tuple(notes)


def _cursor(text: str) -> Cursor | Problem:
    """Tokenize a text, or return a Problem if it is too long."""
    text = normal(text) if len(text) <= MAX_CHARACTERS else text
    if len(text) > MAX_CHARACTERS:
        return Problem("too_long", {"length": len(text), "most": MAX_CHARACTERS})
    return Cursor(text, tokens(text))


def _at_end(cursor: Cursor, at: int) -> bool:
    """Return whether only a full stop is left."""
    return cursor.is_end(cursor.after_kind(at, Kind.DOT))
