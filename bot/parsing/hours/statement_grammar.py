"""The grammar of a whole statement, and of several in a row.

::

    text      = statement { ["," | "and"] statement } ["." | ","]
    statement = days [":" | ","] hours [[","] week | period] | hours [","] days
"""

from collections.abc import Iterable, Iterator

from bot.parsing.clock.clock_grammar import clock, hours
from bot.parsing.core.cursor import Cursor, Found, Node
from bot.parsing.core.phrases import DayPhrase, Statement, TimeRange
from bot.parsing.core.tokens import Kind
from bot.parsing.core.words import AT, FROM
from bot.parsing.dates.day_grammar import day_range, phrase, week
from bot.parsing.dates.scopes import within_period, within_week

MAX_READINGS = 4
Reading = tuple[Statement, ...]


def readings(text: Cursor, *, incomplete: bool) -> tuple[Reading, ...]:
    """Return the readings of a whole text, likeliest first and at most ``MAX_READINGS``.

    With ``incomplete``, statements may lack days or hours, so that an error can name what is
    missing.
    """
    reached: dict[int, list[Reading]] = {_start(text): [()]}
    for position in range(len(text.tokens)):
        if position in reached:
            for statement, end in _statements(
                text, text.after_separator(position), incomplete=incomplete
            ):
                heads = reached.setdefault(end, [])
                heads += [(*head, statement) for head in reached[position]]
                del heads[MAX_READINGS:]
    ends = sorted(end for end in reached if end and _at_end(text, end))
    return tuple(reading for end in ends for reading in reached[end] if reading)[:MAX_READINGS]


def _start(text: Cursor) -> int:
    """Return the position after an optional list mark."""
    mark = text.is_kind(0, Kind.DASH) or (
        text.is_kind(0, Kind.OTHER) and text.at(0).text in {"•", "*"}
    )
    return 1 if mark else 0


def _at_end(text: Cursor, at: int) -> bool:
    """Return whether only a closing mark is left."""
    return text.is_end(text.after_kind(text.after_kind(at, Kind.DOT), Kind.COMMA))


def _statements(text: Cursor, at: int, *, incomplete: bool) -> Found[Statement]:
    """Yield the readings of one statement here."""
    for days, middle in phrase(text, at):
        for times, end in hours(text, _after_days(text, middle)):
            yield from _with_scope(text, days, times, end)
            yield Statement(days, times), end
    for times, middle in hours(text, at):
        for days, end in phrase(text, text.after_kind(middle, Kind.COMMA)):
            yield Statement(days, times), end
    if incomplete:
        yield from _fragments(text, at)


def _after_days(text: Cursor, at: int) -> int:
    """Return the position after an optional colon or comma between days and hours."""
    return at + 1 if text.is_kind(at, Kind.COLON) or text.is_kind(at, Kind.COMMA) else at


def _with_scope(
    text: Cursor, days: DayPhrase, times: tuple[TimeRange, ...], at: int
) -> Found[Statement]:
    """Yield the statement with the week or the two dates after its hours."""
    for named, end in week(text, text.after_kind(at, Kind.COMMA)):
        scoped = within_week(days, named)
        if scoped is not None:
            yield Statement(scoped, times), end
    for period, end in day_range(text, at):
        bounded = within_period(days, period)
        if bounded is not None:
            yield Statement(bounded, times), end


def _fragments(text: Cursor, at: int) -> Iterator[tuple[Statement, int]]:
    """Yield incomplete statements of the longest days and hours, to say what is missing."""
    for days, end in _longest(phrase(text, at)):
        yield Statement(days, ()), end
        for start, after in clock(text, text.after(_after_days(text, end), AT | FROM)):
            yield Statement(days, (), start), after
    for times, end in _longest(hours(text, at)):
        yield Statement(None, times), end


def _longest(found: Iterable[tuple[Node, int]]) -> list[tuple[Node, int]]:
    """Return the two longest matches."""
    return sorted(found, key=lambda one: -one[1])[:2]
