"""The grammar of days.

::

    phrase  = [week [":" | ","]] days [week | period] | week
    days    = item { ("," | "and" | "/") item }
    item    = ["from"] day ("-" | "to") day | day | "weekdays" | "weekend" | "every day"
        day     = ["on"] ([weekday [","]] (date | ordinal | bare)
                | ["this" | "next"] weekday | "today" | "tomorrow" | ...)
    week    = ["in"] ("this" | "next") "week"
    period  = ["from"] date ("-" | "to") date
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.parsing.core.cursor import Cursor, Found, item_lists, memoized
from bot.parsing.core.phrases import (
    DayPhrase,
    DayRange,
    Days,
    EveryDay,
    NamedWeek,
    NamedWeekday,
    OneDay,
    RelativeDay,
    WrittenDate,
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
from bot.parsing.dates.scopes import fill_months, within_period, within_week


def day(text: Cursor, at: int) -> Found[OneDay]:
    """Yield the readings of one day here, also a bare number, which needs a month beside it."""
    start = text.after(at, ON)
    yield from _date(text, at, None)
    if start > at:
        yield from _date(text, start, None)
    yield from _named(text, start)
    yield from _ahead(text, start)


def _date(text: Cursor, at: int, weekday: int | None) -> Found[WrittenDate]:
    """Yield dates here, with the weekday that came before."""
    for rule in (date_grammar.date, date_grammar.ordinal, date_grammar.bare):
        for written, end in rule(text, at):
            yield replace(written, weekday=weekday), end


def _weekday(text: Cursor, at: int) -> tuple[int | None, int]:
    """Return the weekday named here and the position after it and its full stop."""
    if text.is_word(at, WEEKDAYS):
        return WEEKDAYS[text.at(at).text], text.after_kind(at + 1, Kind.DOT, adjacent=True)
    return None, at


def _named(text: Cursor, at: int) -> Found[OneDay]:
    """Yield a weekday, with a date tied to it or a week named before or after it."""
    weeks = WEEKS_AHEAD[text.at(at).text] if text.is_word(at, WEEKS_AHEAD) else None
    weekday, end = _weekday(text, at if weeks is None else at + 1)
    if weekday is None:
        return
    if weeks is not None:
        yield NamedWeekday(weekday, weeks, said_next=weeks > 0), end
        return
    yield from _date(text, text.after(text.after_kind(end, Kind.COMMA), ON), weekday)
    yield NamedWeekday(weekday), end


def _ahead(text: Cursor, at: int) -> Found[RelativeDay]:
    """Yield today, tomorrow and the day after."""
    if text.is_word(at, DAYS_AHEAD):
        yield RelativeDay(DAYS_AHEAD[text.at(at).text]), at + 1
    if (
        text.is_word(at, DAY)
        and text.is_word(at + 1, ("after",))
        and text.is_word(at + 2, ("tomorrow",))
    ):
        yield RelativeDay(2), at + 3


def day_range(text: Cursor, at: int) -> Found[DayRange]:
    """Yield ranges of days here."""
    for first, joint in day(text, text.after(at, FROM)):
        if text.is_kind(joint, Kind.DASH) or text.is_word(joint, TO):
            for last, end in day(text, text.after(joint + 1, TO_THE)):
                yield DayRange(first, last), end


def _group(text: Cursor, at: int) -> Found[Days]:
    """Yield words for several days."""
    weeks = WEEKS_AHEAD[text.at(at).text] if text.is_word(at, WEEKS_AHEAD) else None
    start = at if weeks is None else at + 1
    if text.is_word(start, WEEKEND):
        yield DayRange(NamedWeekday(5, weeks, said_next=bool(weeks)), NamedWeekday(6)), start + 1
    if text.is_word(at, WORKING_DAYS):
        yield DayRange(NamedWeekday(0), NamedWeekday(4)), at + 1
    if text.is_word(at, DAILY):
        yield EveryDay(), at + 1
    if text.is_word(at, EVERY) and text.is_word(at + 1, DAY):
        yield EveryDay(), at + 2


@memoized
def _item(text: Cursor, at: int) -> Found[Days]:
    """Yield the items of a list of days."""
    yield from day_range(text, at)
    yield from day(text, at)
    yield from _group(text, text.after(at, ON))


@memoized
def _list(text: Cursor, at: int) -> list[tuple[tuple[Days, ...], int]]:
    """Return the readings of a list of days, longest first, with months filled in."""

    def next_days(node: Days, end: int) -> Iterator[int]:
        if isinstance(node, NamedWeekday) and text.is_kind(end, Kind.SLASH):
            yield end + 1
        after = text.after_separator(end)
        # A comma between weekday and date ties them to one day: "Fri, 13 Aug" is not a list.
        tied = (
            isinstance(node, NamedWeekday)
            and text.at(after - 1).kind is Kind.COMMA
            and text.at(after).kind is Kind.NUMBER
        )
        if after > end and not tied:
            yield after

    found = item_lists(lambda position: iter(_item(text, position)), next_days, at)
    complete = ((fill_months(items), end) for items, end in found)
    return [(items, end) for items, end in complete if items is not None]


def week(text: Cursor, at: int) -> Found[NamedWeek]:
    """Yield a week named here."""
    start = text.after(at, ON)
    if text.is_word(start, WEEKS_AHEAD) and text.is_word(start + 1, WEEK):
        yield NamedWeek(WEEKS_AHEAD[text.at(start).text]), start + 2


@memoized
def phrase(text: Cursor, at: int) -> Found[DayPhrase]:
    """Yield the readings of days here, the longest first."""
    for named, end in week(text, at):
        yield from _within_week(_list(text, _after_mark(text, end)), named)
        yield DayPhrase((DayRange(NamedWeekday(0, named.weeks), NamedWeekday(6)),)), end
    for items, end in _list(text, at):
        for named, after in week(text, end):
            yield from _within_week([(items, after)], named)
        yield from _within_period(text, items, end)
        yield DayPhrase(items), end


def _after_mark(text: Cursor, at: int) -> int:
    """Return the position after an optional colon or comma after a week."""
    return at + 1 if text.is_kind(at, Kind.COLON) or text.is_kind(at, Kind.COMMA) else at


def _within_week(
    found: Iterable[tuple[tuple[Days, ...], int]], named: NamedWeek
) -> Found[DayPhrase]:
    """Yield the lists that fit into a week."""
    for items, end in found:
        scoped = within_week(DayPhrase(items), named)
        if scoped is not None:
            yield scoped, end


def _within_period(text: Cursor, items: tuple[Days, ...], at: int) -> Found[DayPhrase]:
    """Yield the list bounded by the two dates here."""
    for period, end in day_range(text, at):
        bounded = within_period(DayPhrase(items), period)
        if bounded is not None:
            yield bounded, end
