"""The grammar of one written date.

::

    date    = year "-" month "-" day
            | day "." month ["."] [year]
            | day "/" month ["/" year]
            | month "/" day ["/" year]      if only the second number can be a day, as in 12/15
            | day ["." | "th"] ["of"] name-of-month [year]
            | name-of-month ["the"] day ["." | "th"] [","] [year]
    ordinal = day ("." | "th") | "the" day ["."]
    bare    = day
"""

from collections.abc import Iterator

from bot.parsing.core.cursor import Cursor, Found
from bot.parsing.core.phrases import WrittenDate
from bot.parsing.core.tokens import Kind
from bot.parsing.core.words import MONTHS, ON, ORDINAL, THE, TO

_ONE_OR_TWO = (1, 2)
_YEAR = (4,)
_ADJACENT_YEAR = (2, 4)
_CENTURY = 2000
_MONTHS = 12


def date(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield the readings of a date here; it may lack the year but not the month."""
    yield from _iso(text, at)
    yield from _in_figures(text, at)
    yield from _day_then_month(text, at)
    yield from _month_then_day(text, at)


def ordinal(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield a day without a month that is marked as one: "13th", "13.", "the 13"."""
    start = text.after(at, THE)
    day = text.number(start, _ONE_OR_TWO)
    if day is None:
        return
    end = _after_ordinal_mark(text, start + 1)
    stuck = text.at(end).kind is Kind.NUMBER and text.at(end).adjacent
    if (end > start + 1 or start > at) and not stuck:
        yield WrittenDate(day), end


def bare(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield a number that may be a day next to a month: the 13 in "13-15 August"."""
    day = text.number(at, _ONE_OR_TWO)
    if day is not None:
        yield WrittenDate(day, bare=True), at + 1


def _after_ordinal_mark(text: Cursor, at: int) -> int:
    """Return the position after an adjacent full stop or "th"."""
    return (
        at + 1
        if text.is_kind(at, Kind.DOT, adjacent=True) or text.is_word(at, ORDINAL, adjacent=True)
        else at
    )


def _iso(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield a date like 2026-12-01, without spaces."""
    year = text.number(at, _YEAR)
    month = _joined(text, at + 1, Kind.DASH, _ONE_OR_TWO) if year is not None else None
    day = _joined(text, at + 3, Kind.DASH, _ONE_OR_TWO) if month is not None else None
    if day is not None:
        yield WrittenDate(day, month, year), at + 5


def _joined(text: Cursor, at: int, mark: Kind, digits: tuple[int, ...]) -> int | None:
    """Return the number after a mark, all adjacent, or None."""
    return (
        text.number(at + 1, digits, adjacent=True)
        if text.is_kind(at, mark, adjacent=True)
        else None
    )


def _in_figures(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield dates like 13.8., 13.08.2027, 13/8 and 8/13/2027; a space may follow a full stop."""
    day = text.number(at, _ONE_OR_TWO)
    if day is None:
        return
    for mark in (Kind.DOT, Kind.SLASH):
        month = (
            text.number(at + 2, _ONE_OR_TWO, adjacent=mark is Kind.SLASH)
            if text.is_kind(at + 1, mark, adjacent=True)
            else None
        )
        if month is not None:
            for year, end in _year_in_figures(text, at + 3, mark):
                yield _date_in_figures(day, month, year, slashed=mark is Kind.SLASH), end


def _date_in_figures(day: int, month: int, year: int | None, *, slashed: bool) -> WrittenDate:
    """Return a date in figures; the month is first if there is a slash and it fits only so."""
    if slashed and day <= _MONTHS < month:
        day, month = month, day
    return WrittenDate(day, month, year, slashed=slashed)


def _year_in_figures(text: Cursor, at: int, mark: Kind) -> Iterator[tuple[int | None, int]]:
    """Yield the year after day and month in figures, and no year if no digit is adjacent."""
    year = _joined(text, at, mark, _ADJACENT_YEAR)
    if year is not None:
        yield (year if year >= 100 else _CENTURY + year), at + 2  # noqa: PLR2004  (two digits: 27 is 2027)
    end = text.after_kind(at, Kind.DOT, adjacent=True) if mark is Kind.DOT else at
    spaced = text.number(end, _YEAR) if end > at and not text.at(end).adjacent else None
    if spaced is not None:
        yield spaced, end + 1
    if not (text.at(end).kind is Kind.NUMBER and text.at(end).adjacent):
        yield None, end


def _day_then_month(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield dates like 13 Aug, 13th of August and 13. August 2027."""
    start = text.after(at, THE)
    day = text.number(start, _ONE_OR_TWO)
    if day is None:
        return
    name = text.after(_after_ordinal_mark(text, start + 1), ON)
    month = _month(text, name)
    if month is not None:
        for year, end in _year(text, text.after_kind(name + 1, Kind.DOT, adjacent=True)):
            yield WrittenDate(day, month, year), end


def _month_then_day(text: Cursor, at: int) -> Found[WrittenDate]:
    """Yield dates like Aug 13 and August 13th, 2027."""
    month = _month(text, at)
    if month is None:
        return
    start = text.after(text.after_kind(at + 1, Kind.DOT, adjacent=True), THE)
    day = text.number(start, _ONE_OR_TWO)
    if day is not None and not _belongs_before(text, at, start + 1):
        for year, end in _year(text, _after_ordinal_mark(text, start + 1)):
            yield WrittenDate(day, month, year), end


def _belongs_before(text: Cursor, month: int, after_day: int) -> bool:
    """Return whether a month belongs to the number before it, as in "13-15 August 9-12"."""
    return (
        month > 0
        and text.at(month - 1).kind is Kind.NUMBER
        and (text.is_kind(after_day, Kind.DASH) or text.is_word(after_day, TO))
    )


def _month(text: Cursor, at: int) -> int | None:
    """Return the month whose name is here, or None."""
    return MONTHS[text.at(at).text] if text.is_word(at, MONTHS) else None


def _year(text: Cursor, at: int) -> Iterator[tuple[int | None, int]]:
    """Yield a year in four digits here, optionally after a comma, and no year."""
    start = text.after_kind(at, Kind.COMMA)
    year = text.number(start, _YEAR)
    if year is not None:
        yield year, start + 1
    yield None, at
