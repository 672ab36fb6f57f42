"""Texts about typed input: how it was interpreted, or why it was not."""

from collections.abc import Mapping, Sequence
from datetime import date

from markupsafe import Markup

from bot.parsing.core.results import Note, Problem
from bot.ui.formats import wall_span, wall_time
from bot.ui.locale import UserLocale
from domain.timespan import WallSpan

_MINUTES = frozenset({"start", "end", "minutes", "time"})
_WEEKDAYS = frozenset({"weekday"})
# German has no 12-hour clock that a bare hour could be read on.
_OBVIOUS = {"de": frozenset({"hours_24h"})}


def problem_text(locale: UserLocale, problem: Problem, examples: str) -> Markup:
    """Return why a text was not understood, with examples; ``examples`` is their text key."""
    return Markup("{}\n\n{}").format(problem_sentence(locale, problem), locale.t(examples))


def problem_sentence(locale: UserLocale, problem: Problem) -> Markup:
    """Return why a text was not understood."""
    return locale.t(f"typed.{problem.code}", **_formatted(locale, problem.values))


def note_texts(locale: UserLocale, notes: Sequence[Note]) -> list[Markup]:
    """Return what was assumed when interpreting a text, without what the language makes obvious."""
    obvious = _OBVIOUS.get(locale.t.language, frozenset())
    return [
        locale.t(f"typed.note.{note.code}", **_formatted(locale, note.values))
        for note in notes
        if note.code not in obvious
    ]


def _formatted(locale: UserLocale, values: Mapping[str, object]) -> dict[str, object]:
    """Return values as they appear in sentences."""
    return {name: _formatted_value(locale, name, value) for name, value in values.items()}


def _formatted_value(locale: UserLocale, name: str, value: object) -> object:
    """Return one value as it appears in a sentence."""
    if isinstance(value, date):
        return locale.times.day(value)
    if isinstance(value, WallSpan):
        return wall_span(value)
    if isinstance(value, int) and name in _MINUTES:
        return wall_time(value)
    if isinstance(value, int) and name in _WEEKDAYS:
        return locale.times.weekday(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return locale.times.listed([str(_formatted_value(locale, name, part)) for part in value])
    return value
