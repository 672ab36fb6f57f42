"""Finds the days and hours that statements mean together, merged and sorted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.parsing.clock.clock_choice import Stretch, stretch
from bot.parsing.clock.times import stretch_notes
from bot.parsing.core.phrases import Hours
from bot.parsing.core.results import HoursRead, Note, Problem
from bot.parsing.dates.day_choice import Contradiction
from bot.parsing.dates.run_choice import MOST_DAYS, choose_days
from bot.parsing.hours.statement_grammar import Reading
from domain.timespan import WallSpan


@dataclass(frozen=True, slots=True)
class Belief:
    """How to take what contradicts itself: which of weekday and date to believe, and whether to move an early end by twelve hours."""

    contradiction: Contradiction = Contradiction.REFUSE
    mend: bool = False


def choose_hours(statements: Reading, today: date, belief: Belief) -> HoursRead | Problem:
    """Return what complete statements mean together, or the first Problem among them."""
    spans: dict[date, list[WallSpan]] = {}
    notes: list[Note] = []
    stretches: list[Stretch] = []
    for statement in statements:
        days = (
            choose_days(statement.phrase, today, belief.contradiction)
            if statement.phrase
            else Problem("no_day")
        )
        if isinstance(days, Problem):
            return days
        found = _stretches(statement.hours, mend=belief.mend)
        if isinstance(found, Problem):
            return found
        notes += days[1]
        stretches += found
        for day in days[0]:
            spans.setdefault(day, []).extend(one.span for one in found)
    if len(spans) > MOST_DAYS:
        return Problem("too_many_days", {"count": len(spans), "most": MOST_DAYS})
    sorted_days = tuple((day, merged_spans(spans[day])) for day in sorted(spans))
    return HoursRead(sorted_days, _each_once((*notes, *stretch_notes(stretches))))


def _stretches(hours: Iterable[Hours], *, mend: bool) -> list[Stretch] | Problem:
    """Return the stretches meant, or the first Problem among them."""
    found: list[Stretch] = []
    for one in hours:
        meant = stretch(one, mend=mend)
        if isinstance(meant, Problem):
            return meant
        found.append(meant)
    return found


def _each_once(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes in order, equal ones once."""
    return tuple(note for number, note in enumerate(notes) if note not in notes[:number])


def merged_spans(spans: Iterable[WallSpan]) -> tuple[WallSpan, ...]:
    """Join spans that overlap or touch; the result is sorted and disjoint."""
    joined: list[WallSpan] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = WallSpan(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
