"""Days and times in a person's language and time zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import (
    format_date,
    format_skeleton,
    get_day_names,
    get_month_names,
    get_timezone_location,
)
from babel.lists import format_list
from babel.units import format_unit
from markupsafe import Markup

from domain.timespan import DAY_MINUTES, TimeSpan, WallSpan, instant, local_day

_HOUR_MINUTES = 60
# Babel takes English names from the names of the zones, which have no accents.
_WITH_ACCENTS = {
    "America/Sao_Paulo": "São Paulo",
    "America/Bogota": "Bogotá",
    "America/Asuncion": "Asunción",
}


@dataclass(frozen=True, slots=True)
class Times:
    """Formats instants and days for one person."""

    locale: Locale
    zone: ZoneInfo

    @property
    def zone_city(self) -> str:
        """What people call the place of the zone, like ``Berlin``."""
        return zone_city(self.zone.key, self.locale)

    def day(self, day: date) -> str:
        """``Friday, 13 August 2027``."""
        return format_date(day, "full", locale=self.locale)

    def short_day(self, day: date) -> str:
        """``Fri 13 Aug``."""
        return format_skeleton("MMMEd", day, locale=self.locale)

    def day_and_month(self, day: date) -> str:
        """``13 Aug``."""
        return format_skeleton("MMMd", day, locale=self.locale)

    def month(self, day: date) -> str:
        """``August 2027``."""
        names = get_month_names("wide", "stand-alone", locale=self.locale)
        return f"{names[day.month]} {day.year}"

    def weekdays(self) -> Sequence[str]:
        """The short names of the seven weekdays, Monday first."""
        names = get_day_names("short", "stand-alone", locale=self.locale)
        return [names[n].rstrip(".") for n in range(7)]

    def weekday_run(self, first: int, last: int) -> str:
        """``Mon–Fri``, or ``Mon`` if both are the same, counted from Monday as 0."""
        names = get_day_names("abbreviated", "stand-alone", locale=self.locale)
        run = dict.fromkeys((names[first].rstrip("."), names[last].rstrip(".")))
        return "–".join(run)

    def weekday(self, number: int) -> str:
        """The name of a weekday, counted from Monday as 0."""
        return str(get_day_names("wide", "stand-alone", locale=self.locale)[number])

    def time(self, cell: int) -> str:
        """``09:15``, or ``02:15 CEST`` if the clock shows that time twice on this day."""
        local = instant(cell).astimezone(self.zone)
        twin = local.replace(fold=1 - local.fold)
        return (
            f"{local:%H:%M} {local:%Z}"
            if twin.utcoffset() != local.utcoffset() and _exists(twin)
            else f"{local:%H:%M}"
        )

    def span(self, span: TimeSpan) -> str:
        """``09:15–09:30``; an end at midnight is ``24:00``."""
        end = self.time(span.end)
        at_midnight = end == "00:00" and local_day(span.end, self.zone) != local_day(
            span.start, self.zone
        )
        return f"{self.time(span.start)}–{'24:00' if at_midnight else end}"

    def day_of(self, cell: int) -> date:
        """The calendar day of a cell."""
        return local_day(cell, self.zone)

    def slot(self, span: TimeSpan) -> Markup:
        """``Friday, 13 August 2027, 09:15–09:30``; a tap shows it on the viewer's own clock."""
        text = f"{self.day(self.day_of(span.start))}, {self.span(span)}"
        return _linked_to_instant(span.starts_at, text)

    def short_slot(self, span: TimeSpan) -> str:
        """``Fri 13 Aug, 09:15``."""
        return f"{self.short_day(self.day_of(span.start))}, {self.time(span.start)}"

    def weekday_time(self, cell: int) -> str:
        """``Fri 09:15``."""
        names = get_day_names("abbreviated", "stand-alone", locale=self.locale)
        return f"{names[self.day_of(cell).weekday()].rstrip('.')} {self.time(cell)}"

    def moment(self, moment: datetime, *, seconds: bool = False) -> Markup:
        """``14:05``, or ``14:05:20`` with ``seconds``; a tap works as in ``slot``."""
        local = moment.astimezone(self.zone)
        return _linked_to_instant(moment, f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}")

    def date_and_time(self, moment: datetime) -> Markup:
        """``Fri 13 Aug, 14:05``; a tap works as in ``slot``."""
        local = moment.astimezone(self.zone)
        return _linked_to_instant(moment, f"{self.short_day(local.date())}, {local:%H:%M}")

    def duration(self, length: timedelta) -> str:
        """``30 minutes``, ``24 hours``, ``60 days``: the largest unit with a whole number.

        A single day is ``24 hours``.
        """
        seconds = int(length.total_seconds())
        for unit, size, least in (("day", 86400, 2), ("hour", 3600, 1), ("minute", 60, 1)):
            if seconds % size == 0 and seconds >= size * least:
                return format_unit(seconds // size, f"duration-{unit}", locale=self.locale)
        return format_unit(seconds, "duration-second", locale=self.locale)

    def listed(self, parts: Sequence[str]) -> str:
        """``a, b and c``."""
        return format_list(parts, locale=self.locale)


def zone_city(zone: str, locale: Locale) -> str:
    """Return what people call the place of a zone, like ``Tokyo``, in German ``Tokio``."""
    place = get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True)
    return _WITH_ACCENTS.get(zone) or place.rpartition("/")[2]


def wall_time(minutes: int) -> str:
    """Return minutes after midnight as ``08:00``; the end of a day is ``24:00``."""
    return (
        "24:00"
        if minutes == DAY_MINUTES
        else f"{minutes // _HOUR_MINUTES:02}:{minutes % _HOUR_MINUTES:02}"
    )


def wall_span(span: WallSpan) -> str:
    """Return a span of wall-clock time as ``08:00–15:00``."""
    return f"{wall_time(span.start)}–{wall_time(span.end)}"


def _exists(local: datetime) -> bool:
    """Return whether a local time exists; one in a gap converts back to a different time."""
    there = local.astimezone(ZoneInfo("UTC")).astimezone(local.tzinfo)
    return there.replace(tzinfo=None) == local.replace(tzinfo=None)


def _linked_to_instant(moment: datetime, text: str) -> Markup:
    """Return text that shows the instant on the viewer's own clock when tapped (Bot API 9.5)."""
    return Markup('<tg-time unix="{}">{}</tg-time>').format(int(moment.timestamp()), text)
