"""Days and times as one person reads them: in his language and his zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, get_day_names, get_month_names
from babel.lists import format_list
from babel.units import format_unit
from markupsafe import Markup

from domain.timespan import DAY_MINUTES, TimeSpan, WallSpan, instant, local_day

_HOUR_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Times:
    """Writes instants and days for one person."""

    locale: Locale
    zone: ZoneInfo

    @property
    def zone_name(self) -> str:
        """The zone's IANA name, which every text with a time in it tells."""
        return self.zone.key

    def day(self, day: date) -> str:
        """``Friday, 13 August 2027``."""
        return format_date(day, "full", locale=self.locale)

    def short_day(self, day: date) -> str:
        """``Fri 13 Aug``."""
        return format_skeleton("MMMEd", day, locale=self.locale)

    def month(self, day: date) -> str:
        """``August 2027``."""
        names = get_month_names("wide", "stand-alone", locale=self.locale)
        return f"{names[day.month]} {day.year}"

    def weekdays(self) -> Sequence[str]:
        """The short names of the seven weekdays, Monday first."""
        names = get_day_names("short", "stand-alone", locale=self.locale)
        return [names[n].rstrip(".") for n in range(7)]

    def weekday(self, number: int) -> str:
        """The name of a weekday, counted from Monday as 0."""
        return str(get_day_names("wide", "stand-alone", locale=self.locale)[number])

    def time(self, cell: int) -> str:
        """``09:15``; with the zone's abbreviation where the clock shows that time twice this day, ``02:15 CEST``."""
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
        """``Friday, 13 August 2027, 09:15–09:30``; Telegram shows the viewer's own clock when it is tapped."""
        text = f"{self.day(self.day_of(span.start))}, {self.span(span)}"
        return _on_own_clock(span.starts_at, text)

    def short_slot(self, span: TimeSpan) -> str:
        """``Fri 13 Aug, 09:15``."""
        return f"{self.short_day(self.day_of(span.start))}, {self.time(span.start)}"

    def moment(self, moment: datetime, *, seconds: bool = False) -> Markup:
        """``14:05``, or ``14:05:20`` where seconds matter, to be tapped likewise."""
        local = moment.astimezone(self.zone)
        return _on_own_clock(moment, f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}")

    def date_and_time(self, moment: datetime) -> Markup:
        """``Fri 13 Aug, 14:05``, to be tapped likewise."""
        local = moment.astimezone(self.zone)
        return _on_own_clock(moment, f"{self.short_day(local.date())}, {local:%H:%M}")

    def duration(self, length: timedelta) -> str:
        """``30 minutes``, ``24 hours``, ``60 days``: the largest unit that says it in whole numbers, with no days below two."""
        seconds = int(length.total_seconds())
        for unit, size, least in (("day", 86400, 2), ("hour", 3600, 1), ("minute", 60, 1)):
            if seconds % size == 0 and seconds >= size * least:
                return format_unit(seconds // size, f"duration-{unit}", locale=self.locale)
        return format_unit(seconds, "duration-second", locale=self.locale)

    def listed(self, parts: Sequence[str]) -> str:
        """``a, b and c``."""
        return format_list(parts, locale=self.locale)


def wall_time(minutes: int) -> str:
    """Return a wall clock's reading, ``08:00``; the end of a day is ``24:00``."""
    return (
        "24:00"
        if minutes == DAY_MINUTES
        else f"{minutes // _HOUR_MINUTES:02}:{minutes % _HOUR_MINUTES:02}"
    )


def wall_span(span: WallSpan) -> str:
    """Return hours on a wall clock, ``08:00–15:00``."""
    return f"{wall_time(span.start)}–{wall_time(span.end)}"


def _exists(local: datetime) -> bool:
    """Tell whether a clock in the zone really shows this reading: a reading in a gap comes back as another."""
    there = local.astimezone(ZoneInfo("UTC")).astimezone(local.tzinfo)
    return there.replace(tzinfo=None) == local.replace(tzinfo=None)


def _on_own_clock(moment: datetime, text: str) -> Markup:
    """Return text that Telegram ties to an instant (Bot API 9.5): tapping it shows the instant on the viewer's own clock."""
    return Markup('<tg-time unix="{}">{}</tg-time>').format(int(moment.timestamp()), text)
