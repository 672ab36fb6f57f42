"""The grammar of a whole statement, and of several in a row.

::

    text      = statement { ["," | "and"] statement } ["." | ","]
    statement = days [":" | ","] hours [[","] week | period] | hours [","] days
"""

from collections.abc import Iterable, Iterator

from bot.parsing.clock.clock_grammar import clock, hours
from bot.parsing.core.cursor import Cursor, Found, Node
from bot.parsing.core.phrases import DayPhrase, Hours, Statement
from bot.parsing.core.tokens import Kind
from bot.parsing.core.words import AT, FROM
from bot.parsing.dates.day_grammar import phrase, run, week
from bot.parsing.dates.scopes import within_period, within_week

MOST_READINGS = 4
Reading = tuple[Statement, ...]


def readings(text: Cursor, *, incomplete: bool) -> tuple[Reading, ...]:
    """Return the ways to read a whole text, the likeliest first and at most ``MOST_READINGS``.

    With ``incomplete``, statements that lack days or hours are allowed, so that a person can be told what is missing.
    """
    reached: dict[int, list[Reading]] = {_start(text): [()]}
    for position in range(len(text.tokens)):
        if position in reached:
            for statement, end in _statements(
                text, text.after_separator(position), incomplete=incomplete
            ):
                heads = reached.setdefault(end, [])
                heads += [(*head, statement) for head in reached[position]]
                del heads[MOST_READINGS:]
    ends = sorted(end for end in reached if end and _is_over(text, end))
    return tuple(reading for end in ends for reading in reached[end] if reading)[:MOST_READINGS]


def _start(text: Cursor) -> int:
    """Return the position of the first token that is not the mark before an item of a list."""
    mark = text.is_kind(0, Kind.DASH) or (
        text.is_kind(0, Kind.OTHER) and text.at(0).text in {"•", "*"}
    )
    return 1 if mark else 0


def _is_over(text: Cursor, at: int) -> bool:
    """Tell whether nothing but a closing mark is left."""
    return text.is_end(text.after_kind(text.after_kind(at, Kind.DOT), Kind.COMMA))


def _statements(text: Cursor, at: int, *, incomplete: bool) -> Found[Statement]:
    """Yield the ways to read one statement here."""
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
    """Return the position after the colon or comma that may stand between days and hours."""
    return at + 1 if text.is_kind(at, Kind.COLON) or text.is_kind(at, Kind.COMMA) else at


def _with_scope(
    text: Cursor, days: DayPhrase, times: tuple[Hours, ...], at: int
) -> Found[Statement]:
    """Yield the statement with the week or the two dates that stand behind its hours."""
    for named, end in week(text, text.after_kind(at, Kind.COMMA)):
        placed = within_week(days, named)
        if placed is not None:
            yield Statement(placed, times), end
    for period, end in run(text, at):
        bounded = within_period(days, period)
        if bounded is not None:
            yield Statement(bounded, times), end


def _fragments(text: Cursor, at: int) -> Iterator[tuple[Statement, int]]:
    """Yield statements that lack something, of the longest days and hours alone: they only serve to say what is missing."""
    for days, end in _longest(phrase(text, at)):
        yield Statement(days, ()), end
        for start, after in clock(text, text.after(_after_days(text, end), AT | FROM)):
            yield Statement(days, (), start), after
    for times, end in _longest(hours(text, at)):
        yield Statement(None, times), end


def _longest(found: Iterable[tuple[Node, int]]) -> list[tuple[Node, int]]:
    """Return the two longest of what was found."""
    return sorted(found, key=lambda one: -one[1])[:2]
