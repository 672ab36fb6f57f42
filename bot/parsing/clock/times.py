"""Reads one time of day, or one stretch of hours, as people type it."""

from bot.parsing.clock.clock_choice import Stretch, is_explicit, minutes_of, stretch
from bot.parsing.clock.clock_grammar import clock, span
from bot.parsing.core.cursor import Cursor
from bot.parsing.core.results import Note, Problem, SpanRead, TimeRead
from bot.parsing.core.tokens import Kind, normal, tokens
from bot.parsing.core.words import AT
from domain.timespan import WallSpan

MOST_CHARACTERS = 500


def read_time(text: str) -> TimeRead | Problem:
    """Read one time of day; midnight is 0 unless written 24:00.

    Problems: ``too_long``, ``not_understood``, ``no_such_time``.
    """
    cursor = _cursor(text)
    if isinstance(cursor, Problem):
        return cursor
    for node, end in clock(cursor, cursor.after(0, AT)):
        if _is_over(cursor, end):
            minutes = minutes_of(node)
            if minutes is None:
                return Problem("no_such_time", {"text": node.text})
            return TimeRead(minutes, node.meridiem is not None, is_explicit(node))
    return Problem("not_understood", {"text": cursor.piece(cursor.furthest)})


def read_span(text: str) -> SpanRead | Problem:
    """Read one stretch of hours, such as ``8am-3pm`` or ``von 8 bis 15 Uhr``.

    Problems: ``too_long``, ``not_understood``, ``no_such_time``, ``empty_span``, ``end_before_start``.
    """
    cursor = _cursor(text)
    if isinstance(cursor, Problem):
        return cursor
    for node, end in span(cursor, 0):
        if _is_over(cursor, end):
            found = stretch(node, mend=False)
            return (
                found
                if isinstance(found, Problem)
                else SpanRead(found.span, stretch_notes([found]))
            )
    return Problem("not_understood", {"text": cursor.piece(cursor.furthest)})


def stretch_notes(stretches: list[Stretch]) -> tuple[Note, ...]:
    """Return one note for each kind of assumption, with all the spans read so, each once and in the order written."""
    notes = []
    for code in ("hours_24h", "meridiem_shared"):
        spans: tuple[WallSpan, ...] = tuple(
            dict.fromkeys(found.span for found in stretches if found.assumed == code)
        )
        if spans:
            notes.append(Note(code, {"spans": spans}))
    return tuple(notes)


def _cursor(text: str) -> Cursor | Problem:
    """Cut a text into tokens, unless it is too long."""
    text = normal(text) if len(text) <= MOST_CHARACTERS else text
    if len(text) > MOST_CHARACTERS:
        return Problem("too_long", {"length": len(text), "most": MOST_CHARACTERS})
    return Cursor(text, tokens(text))


def _is_over(cursor: Cursor, at: int) -> bool:
    """Tell whether nothing but a full stop is left."""
    return cursor.is_end(cursor.after_kind(at, Kind.DOT))
