"""Interprets statements together as sorted, merged days and hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.parsing.clock.clock_interpretation import InterpretedRange, interpret_range
from bot.parsing.clock.read_times import range_notes
from bot.parsing.core.phrases import TimeRange
from bot.parsing.core.results import HoursRead, Note, Problem
from bot.parsing.dates.day_interpretation import ConflictResolution
from bot.parsing.dates.range_interpretation import MAX_DAYS, interpret_days
from bot.parsing.hours.statement_grammar import Reading
from domain.timespan import WallSpan


@dataclass(frozen=True, slots=True)
class Resolution:
    """How to resolve contradictions: weekday and date, and an end before its start."""

    on_conflict: ConflictResolution = ConflictResolution.REFUSE
    shift_end: bool = False


def interpret_hours(
    statements: Reading, today: date, resolution: Resolution
) -> HoursRead | Problem:
    """Return the interpretation of complete statements, or the first Problem."""
    spans: dict[date, list[WallSpan]] = {}
    notes: list[Note] = []
    ranges: list[InterpretedRange] = []
    for statement in statements:
        days = (
            interpret_days(statement.phrase, today, resolution.on_conflict)
            if statement.phrase
            else Problem("no_day")
        )
        if isinstance(days, Problem):
            return days
        found = _interpret_ranges(statement.hours, shift_end=resolution.shift_end)
        if isinstance(found, Problem):
            return found
        notes += days[1]
        ranges += found
        for day in days[0]:
            spans.setdefault(day, []).extend(one.span for one in found)
    if len(spans) > MAX_DAYS:
        return Problem("too_many_days", {"count": len(spans), "most": MAX_DAYS})
    sorted_days = tuple((day, merged_spans(spans[day])) for day in sorted(spans))
    return HoursRead(sorted_days, _unique((*notes, *range_notes(ranges))))


def _interpret_ranges(
    hours: Iterable[TimeRange], *, shift_end: bool
) -> list[InterpretedRange] | Problem:
    """Return the interpreted time ranges, or the first Problem."""
    found: list[InterpretedRange] = []
    for one in hours:
        meant = interpret_range(one, shift_end=shift_end)
        if isinstance(meant, Problem):
            return meant
        found.append(meant)
    return found


def _unique(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes in order without duplicates."""
    return tuple(note for number, note in enumerate(notes) if note not in notes[:number])


def merged_spans(spans: Iterable[WallSpan]) -> tuple[WallSpan, ...]:
    """Merge spans that overlap or touch; the result is sorted and disjoint."""
    merged: list[WallSpan] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = WallSpan(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)
