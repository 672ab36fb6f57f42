"""Days with their hours as text that fits a message or a button, however many they are."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby, islice

from markupsafe import Markup

from bot.features.hours.weekly import EVERY_DAY, day_groups, weekday_runs
from bot.ui.formats import wall_span
from bot.ui.locale import UserLocale
from domain.posting import DayHours
from domain.timespan import CELL_MINUTES, TimeSpan, by_day

DAYS_SHOWN = 10
_SPANS_SHOWN = 6
_NAMES_SHOWN = 5
_LABEL_DAYS = 3
_LABEL_SPANS = 3

DaySpans = tuple[date, tuple[TimeSpan, ...]]


def grouped(locale: UserLocale, spans: Iterable[TimeSpan]) -> tuple[DaySpans, ...]:
    """Return spans by calendar day in the reader's time zone, split at midnight."""
    parts = by_day(spans, locale.times.zone)
    return tuple(
        (day, tuple(span for _, span in pairs))
        for day, pairs in groupby(parts, key=lambda pair: pair[0])
    )


def day_name(locale: UserLocale, day: date, today: date) -> str:
    """Return a name like ``Fri 13 Aug``, with the year if it is not this year."""
    name = locale.times.short_day(day)
    return name if day.year == today.year else f"{name} {day.year}"


def day_lines(
    locale: UserLocale, days: Sequence[DaySpans], today: date, *, most: int = DAYS_SHOWN
) -> Markup:
    """Return ``most`` lines and the number of further days; weekly patterns take one line each."""
    by_day = dict(days)
    groups = day_groups([(day, _times(locale, spans)) for day, spans in days])
    lines = [
        locale.t(
            "hours.line",
            day=_group_name(locale, group, today),
            spans=spans_text(locale, by_day[group[0]]),
        )
        for group in groups[:most]
    ]
    if rest := sum(map(len, groups[most:])):
        lines.append(locale.t.count("hours.more_days", rest))
    return Markup("\n").join(lines)


def spans_text(locale: UserLocale, spans: Sequence[TimeSpan], *, most: int = _SPANS_SHOWN) -> str:
    """Return ``08:00–12:00, 13:00–15:00``, shortened to the first spans if there are many."""
    return _shortened(_times(locale, spans), most)


def day_names(locale: UserLocale, days: Sequence[date], today: date) -> str:
    """Return the names of the first days, and the number of further days."""
    return _shortened([day_name(locale, day, today) for day in days], _NAMES_SHOWN, " · ")


def hours_label(locale: UserLocale, days: Sequence[DayHours], today: date) -> str:
    """Return a button label for suggested hours: the days, and the hours if all days share them."""
    same = len({spans for _, spans in days}) == 1
    when = _label_days(locale, [day for day, _ in days], today)
    if not same:
        return when
    hours = _shortened([wall_span(span) for span in days[0][1]], _LABEL_SPANS)
    return locale.t.plain("hours.label", days=when, spans=hours)


def clock_changes(
    locale: UserLocale, days: Sequence[DayHours], real: Sequence[TimeSpan]
) -> list[tuple[date, int]]:
    """Return the days whose hours a clock change makes longer or shorter, with the minutes."""
    minutes = {
        day: sum(span.end - span.start for span in spans) * CELL_MINUTES
        for day, spans in grouped(locale, real)
    }
    gained = [
        (day, minutes.get(day, 0) - sum(span.end - span.start for span in spans))
        for day, spans in days
    ]
    return [(day, change) for day, change in gained if change]


def cut(notes: Sequence[str], most: int) -> Sequence[str]:
    """Return the first notes, as many as fit into ``most`` characters together."""
    total = 0
    kept = []
    for note in notes:
        total += len(note)
        if total > most:
            break
        kept.append(note)
    return kept


def _times(locale: UserLocale, spans: Sequence[TimeSpan]) -> tuple[str, ...]:
    """Return each span as the clock shows it."""
    return tuple(locale.times.span(span) for span in spans)


def _group_name(locale: UserLocale, group: Sequence[date], today: date) -> str:
    """Return ``Fri 13 Aug``, or ``Mon–Fri, 1 Dec – 26 Feb`` for days that repeat every week."""
    if len(group) == 1:
        return day_name(locale, group[0], today)
    runs = weekday_runs(group)
    names = [locale.times.weekday_run(first, last) for first, last in runs]
    weekdays = locale.t.plain("hours.daily") if runs == [EVERY_DAY] else ", ".join(names)
    first, last = (_date_name(locale, day, today) for day in (group[0], group[-1]))
    return f"{weekdays}, {first} – {last}"


def _date_name(locale: UserLocale, day: date, today: date) -> str:
    """Return ``13 Aug``, with the year if it is not this year."""
    name = locale.times.day_and_month(day)
    return name if day.year == today.year else f"{name} {day.year}"


def _label_days(locale: UserLocale, days: Sequence[date], today: date) -> str:
    """Return the names of a few days, or the first, the last and the number of many."""
    names = [day_name(locale, day, today) for day in days]
    if len(names) <= _LABEL_DAYS:
        return locale.times.listed(names)
    return locale.t.count("hours.label_days", len(days), first=names[0], last=names[-1]).unescape()


def _shortened(parts: Sequence[str], most: int, joint: str = ", ") -> str:
    """Return the first ``most`` parts, and the number of further parts."""
    shown = joint.join(islice(parts, most))
    return shown if len(parts) <= most else f"{shown} +{len(parts) - most}"
