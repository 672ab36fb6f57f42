"""The grammar of times and hours.

::

    hours  = span { ([","] ["and"] | "/") span }
    span   = ["from"] clock ("-" | "to") ["at"] clock
    clock  = "noon" | "midnight" | hour [(":" | "." | "h") minute] [suffix] | hour "Uhr" minute
    suffix = "am" | "pm" | "a.m." | "p.m." | "Uhr" | "o'clock" | "h"
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from bot.parsing.core.cursor import Cursor, Found, remembered, several
from bot.parsing.core.phrases import Clock, Hours
from bot.parsing.core.tokens import Kind
from bot.parsing.core.words import AT, CLOCK, FROM, GERMAN_WEEKDAYS, HOUR_MARK, MIDNIGHT, NOON, TO

Meridiem = Literal["am", "pm"] | None
_HOUR_DIGITS = (1, 2)
_MINUTE_DIGITS = (2,)


def clock(text: Cursor, at: int) -> Found[Clock]:
    """Yield the ways to read a time here, the longest first."""
    yield from _named_time(text, at)
    hour = text.number(at, _HOUR_DIGITS)
    if hour is None:
        return
    for minute, after, spoken in _minutes(text, at + 1):
        for meridiem, said, end in _suffix(text, after):
            yield Clock(hour, minute, meridiem, spoken or said, text.piece(at, end)), end


def _named_time(text: Cursor, at: int) -> Found[Clock]:
    """Yield noon or midnight."""
    if text.is_word(at, NOON):
        yield Clock(12, None, "pm", spoken=True, text=text.piece(at, at + 1)), at + 1
    if text.is_word(at, MIDNIGHT):
        yield Clock(12, None, "am", spoken=True, text=text.piece(at, at + 1)), at + 1


def _minutes(text: Cursor, at: int) -> Iterator[tuple[int | None, int, bool]]:
    """Yield the minutes that may follow an hour, the position after them, and whether a word for the clock was said."""
    marked = (
        text.is_kind(at, Kind.COLON, glued=True)
        or text.is_kind(at, Kind.DOT, glued=True)
        or text.is_word(at, HOUR_MARK, glued=True)
    )
    minute = text.number(at + 1, _MINUTE_DIGITS, glued=True) if marked else None
    if minute is not None:
        yield minute, at + 2, False
        return
    minute = text.number(at + 1, _MINUTE_DIGITS) if text.is_word(at, CLOCK) else None
    if minute is not None:
        yield minute, at + 2, True
    yield None, at, False


def _suffix(text: Cursor, at: int) -> Iterator[tuple[Meridiem, bool, int]]:
    """Yield what may stand after the digits: half of the day, whether the clock was named, and the position after."""
    if text.is_word(at, CLOCK | HOUR_MARK):
        yield None, True, at + 1
        return
    meridiem, end = _meridiem(text, at)
    if meridiem is not None and not _is_german_on(text, at):
        yield meridiem, False, end
    # A free-standing "am" may be the German word for "on" even where the next word does not show it.
    if meridiem is None or (meridiem == "am" and not text.at(at).glued):
        yield None, False, at


def _is_german_on(text: Cursor, at: int) -> bool:
    """Tell whether "am" can only be the German word for "on", as in "9-12 am Freitag" and "9-12 am 13.12."."""
    before_date = text.at(at + 1).kind is Kind.NUMBER and text.at(at + 2).kind is Kind.DOT
    return (
        text.at(at).text == "am"
        and not text.at(at).glued
        and (before_date or text.is_word(at + 1, GERMAN_WEEKDAYS))
    )


def _meridiem(text: Cursor, at: int) -> tuple[Meridiem, int]:
    """Return am or pm and the position after it, or None and the same position."""
    for half, letter in (("am", "a"), ("pm", "p")):
        if text.is_word(at, (half,)):
            return ("am" if half == "am" else "pm"), at + 1
        if (
            text.is_word(at, (letter,))
            and text.is_kind(at + 1, Kind.DOT)
            and text.is_word(at + 2, ("m",))
        ):
            return ("am" if half == "am" else "pm"), text.after_kind(at + 3, Kind.DOT, glued=True)
    return None, at


@remembered
def span(text: Cursor, at: int) -> Found[Hours]:
    """Yield the ways to read a stretch of hours here."""
    for first, joint in clock(text, text.after(at, AT | FROM)):
        if text.is_kind(joint, Kind.DASH) or text.is_word(joint, TO):
            for last, end in clock(text, text.after(joint + 1, AT)):
                yield Hours(first, last), end


@remembered
def hours(text: Cursor, at: int) -> list[tuple[tuple[Hours, ...], int]]:
    """Return the ways to read stretches of hours here, the longest first."""

    def next_spans(_node: Hours, end: int) -> Iterable[int]:
        return (end + 1 if text.is_kind(end, Kind.SLASH) else text.after_separator(end),)

    return several(lambda position: iter(span(text, position)), next_spans, at)
