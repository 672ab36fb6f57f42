"""The grammar of days.

::

    phrase  = [week [":" | ","]] days [week | period] | week
    days    = item { ("," | "and" | "/") item }
    item    = ["from"] day ("-" | "to") day | day | "weekdays" | "weekend" | "every day"
    day     = ["on"] ([weekday [","]] (date | ordinal | bare) | ["this" | "next"] weekday | "today" | "tomorrow" | ...)
    week    = ["in"] ("this" | "next") "week"
    period  = ["from"] date ("-" | "to") date
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.parsing.core.cursor import Cursor, Found, remembered, several
from bot.parsing.core.phrases import (
    Ahead,
    Daily,
    DayPhrase,
    Days,
    Named,
    OneDay,
    Run,
    Week,
    Written,
)
from bot.parsing.core.tokens import Kind
from bot.parsing.core.words import (
    DAILY,
    DAY,
    DAYS_AHEAD,
    EVERY,
    FROM,
    ON,
    TO,
    TO_THE,
    WEEK,
    WEEKDAYS,
    WEEKEND,
    WEEKS_AHEAD,
    WORKING_DAYS,
)
from bot.parsing.dates import date_grammar
from bot.parsing.dates.scopes import borrowed, within_period, within_week


def day(text: Cursor, at: int) -> Found[OneDay]:
    """Yield the ways to read one day here; a bare number too, which is a day only next to a month."""
    start = text.after(at, ON)
    yield from _date(text, at, None)
    if start > at:
        yield from _date(text, start, None)
    yield from _named(text, start)
    yield from _ahead(text, start)


def _date(text: Cursor, at: int, weekday: int | None) -> Found[Written]:
    """Yield dates here, tied to the weekday that stood before."""
    for rule in (date_grammar.date, date_grammar.ordinal, date_grammar.bare):
        for written, end in rule(text, at):
            yield replace(written, weekday=weekday), end


def _weekday(text: Cursor, at: int) -> tuple[int | None, int]:
    """Return the weekday whose name stands here and the position after it, with the full stop of an abbreviation."""
    if text.is_word(at, WEEKDAYS):
        return WEEKDAYS[text.at(at).text], text.after_kind(at + 1, Kind.DOT, glued=True)
    return None, at


def _named(text: Cursor, at: int) -> Found[OneDay]:
    """Yield a weekday, with the date tied to it or the week named before or after it."""
    weeks = WEEKS_AHEAD[text.at(at).text] if text.is_word(at, WEEKS_AHEAD) else None
    weekday, end = _weekday(text, at if weeks is None else at + 1)
    if weekday is None:
        return
    if weeks is not None:
        yield Named(weekday, weeks, said_next=weeks > 0), end
        return
    yield from _date(text, text.after(text.after_kind(end, Kind.COMMA), ON), weekday)
    yield Named(weekday), end


def _ahead(text: Cursor, at: int) -> Found[Ahead]:
    """Yield today, tomorrow and the day after."""
    if text.is_word(at, DAYS_AHEAD):
        yield Ahead(DAYS_AHEAD[text.at(at).text]), at + 1
    if (
        text.is_word(at, DAY)
        and text.is_word(at + 1, ("after",))
        and text.is_word(at + 2, ("tomorrow",))
    ):
        yield Ahead(2), at + 3


def run(text: Cursor, at: int) -> Found[Run]:
    """Yield ranges of days here."""
    for first, joint in day(text, text.after(at, FROM)):
        if text.is_kind(joint, Kind.DASH) or text.is_word(joint, TO):
            for last, end in day(text, text.after(joint + 1, TO_THE)):
                yield Run(first, last), end


def _group(text: Cursor, at: int) -> Found[Days]:
    """Yield the words that mean several days."""
    weeks = WEEKS_AHEAD[text.at(at).text] if text.is_word(at, WEEKS_AHEAD) else None
    start = at if weeks is None else at + 1
    if text.is_word(start, WEEKEND):
        yield Run(Named(5, weeks, said_next=bool(weeks)), Named(6)), start + 1
    if text.is_word(at, WORKING_DAYS):
        yield Run(Named(0), Named(4)), at + 1
    if text.is_word(at, DAILY):
        yield Daily(), at + 1
    if text.is_word(at, EVERY) and text.is_word(at + 1, DAY):
        yield Daily(), at + 2


@remembered
def _item(text: Cursor, at: int) -> Found[Days]:
    """Yield what may be joined by "and"."""
    yield from run(text, at)
    yield from day(text, at)
    yield from _group(text, text.after(at, ON))


@remembered
def _list(text: Cursor, at: int) -> list[tuple[tuple[Days, ...], int]]:
    """Return the ways to read a list of days here, the longest first, each with the months its bare numbers borrow."""

    def next_days(node: Days, end: int) -> Iterator[int]:
        if isinstance(node, Named) and text.is_kind(end, Kind.SLASH):
            yield end + 1
        after = text.after_separator(end)
        # A comma between a weekday and a date ties them to one day: "Fri, 13 Aug" is no list.
        tied = (
            isinstance(node, Named)
            and text.at(after - 1).kind is Kind.COMMA
            and text.at(after).kind is Kind.NUMBER
        )
        if after > end and not tied:
            yield after

    found = several(lambda position: iter(_item(text, position)), next_days, at)
    lent = ((borrowed(items), end) for items, end in found)
    return [(items, end) for items, end in lent if items is not None]


def week(text: Cursor, at: int) -> Found[Week]:
    """Yield a week named here."""
    start = text.after(at, ON)
    if text.is_word(start, WEEKS_AHEAD) and text.is_word(start + 1, WEEK):
        yield Week(WEEKS_AHEAD[text.at(start).text]), start + 2


@remembered
def phrase(text: Cursor, at: int) -> Found[DayPhrase]:
    """Yield the ways to read days here, the longest first."""
    for named, end in week(text, at):
        yield from _scoped(_list(text, _after_mark(text, end)), named)
        yield DayPhrase((Run(Named(0, named.weeks), Named(6)),)), end
    for items, end in _list(text, at):
        for named, after in week(text, end):
            yield from _scoped([(items, after)], named)
        yield from _bounded(text, items, end)
        yield DayPhrase(items), end


def _after_mark(text: Cursor, at: int) -> int:
    """Return the position after the colon or comma that may stand behind a week."""
    return at + 1 if text.is_kind(at, Kind.COLON) or text.is_kind(at, Kind.COMMA) else at


def _scoped(found: Iterable[tuple[tuple[Days, ...], int]], named: Week) -> Found[DayPhrase]:
    """Yield the lists that can be put into a week."""
    for items, end in found:
        placed = within_week(DayPhrase(items), named)
        if placed is not None:
            yield placed, end


def _bounded(text: Cursor, items: tuple[Days, ...], at: int) -> Found[DayPhrase]:
    """Yield the list bounded by the two dates that stand here."""
    for period, end in run(text, at):
        bounded = within_period(DayPhrase(items), period)
        if bounded is not None:
            yield bounded, end
