"""The grammar of times and hours.

::

    hours  = span { ([","] ["and"] | "/") span }
    span   = ["from"] clock ("-" | "to") ["at"] clock
    clock  = "noon" | "midnight" | hour [(":" | "." | "h") minute] [suffix] | hour "Uhr" minute
    suffix = "am" | "pm" | "a.m." | "p.m." | "Uhr" | "o'clock" | "h"
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from bot.parsing.core.cursor import Cursor, Found, item_lists, memoized
from bot.parsing.core.phrases import ClockTime, TimeRange
from bot.parsing.core.tokens import Kind
from bot.parsing.core.words import AT, CLOCK, FROM, GERMAN_WEEKDAYS, HOUR_MARK, MIDNIGHT, NOON, TO

Meridiem = Literal["am", "pm"] | None
_HOUR_DIGITS = (1, 2)
_MINUTE_DIGITS = (2,)


def clock(text: Cursor, at: int) -> Found[ClockTime]:
    """Yield the readings of a time here, the longest first."""
    yield from _named_time(text, at)
    hour = text.number(at, _HOUR_DIGITS)
    if hour is None:
        return
    for minute, after, spoken in _minutes(text, at + 1):
        for meridiem, said, end in _suffix(text, after):
            yield ClockTime(hour, minute, meridiem, spoken or said, text.excerpt(at, end)), end


def _named_time(text: Cursor, at: int) -> Found[ClockTime]:
    """Yield noon or midnight."""
    if text.is_word(at, NOON):
        yield ClockTime(12, None, "pm", spoken=True, text=text.excerpt(at, at + 1)), at + 1
    if text.is_word(at, MIDNIGHT):
        yield ClockTime(12, None, "am", spoken=True, text=text.excerpt(at, at + 1)), at + 1


def _minutes(text: Cursor, at: int) -> Iterator[tuple[int | None, int, bool]]:
    """Yield minutes after an hour, the position after them, and if a word like "Uhr" is there."""
    marked = (
        text.is_kind(at, Kind.COLON, adjacent=True)
        or text.is_kind(at, Kind.DOT, adjacent=True)
        or text.is_word(at, HOUR_MARK, adjacent=True)
    )
    minute = text.number(at + 1, _MINUTE_DIGITS, adjacent=True) if marked else None
    if minute is not None:
        yield minute, at + 2, False
        return
    minute = text.number(at + 1, _MINUTE_DIGITS) if text.is_word(at, CLOCK) else None
    if minute is not None:
        yield minute, at + 2, True
    yield None, at, False


def _suffix(text: Cursor, at: int) -> Iterator[tuple[Meridiem, bool, int]]:
    """Yield am or pm after digits, whether a word like "Uhr" is there, and the position after."""
    if text.is_word(at, CLOCK | HOUR_MARK):
        yield None, True, at + 1
        return
    meridiem, end = _meridiem(text, at)
    if meridiem is not None and not _is_german_on(text, at):
        yield meridiem, False, end
    # A separate "am" may be German for "on", even if the next word does not show it.
    if meridiem is None or (meridiem == "am" and not text.at(at).adjacent):
        yield None, False, at


def _is_german_on(text: Cursor, at: int) -> bool:
    """Return whether "am" must be German for "on", as in "9-12 am Freitag" and "9-12 am 13.12."."""
    before_date = text.at(at + 1).kind is Kind.NUMBER and text.at(at + 2).kind is Kind.DOT
    return (
        text.at(at).text == "am"
        and not text.at(at).adjacent
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
            return ("am" if half == "am" else "pm"), text.after_kind(
                at + 3, Kind.DOT, adjacent=True
            )
    return None, at


@memoized
def span(text: Cursor, at: int) -> Found[TimeRange]:
    """Yield the readings of a time range here."""
    for first, joint in clock(text, text.after(at, AT | FROM)):
        if text.is_kind(joint, Kind.DASH) or text.is_word(joint, TO):
            for last, end in clock(text, text.after(joint + 1, AT)):
                yield TimeRange(first, last), end


@memoized
def hours(text: Cursor, at: int) -> list[tuple[tuple[TimeRange, ...], int]]:
    """Return the readings of a list of time ranges here, the longest first."""

    def next_spans(_node: TimeRange, end: int) -> Iterable[int]:
        return (end + 1 if text.is_kind(end, Kind.SLASH) else text.after_separator(end),)

    return item_lists(lambda position: iter(span(text, position)), next_spans, at)
