"""Schedules for tests, written as a provider would say them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from domain.schedule.hours import Hours
from domain.schedule.model import Weekly
from domain.timespan import CELL_SECONDS, TimeSpan, instant

BERLIN = ZoneInfo("Europe/Berlin")
TOKYO = ZoneInfo("Asia/Tokyo")
HAIRCUT, MASSAGE, COLOUR = 1, 2, 3
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
# A week in which no clock changes.
MONDAY = date(2026, 6, 1)
TUESDAY = date(2026, 6, 2)


def minute(text: str) -> int:
    """Return minutes after midnight: of "9", "9:30" or "26:00"."""
    hour, _, rest = text.partition(":")
    return int(hour) * 60 + int(rest or 0)


def hours(*texts: str) -> tuple[Hours, ...]:
    """Return hours such as "9-12" and "22-26"."""
    pairs = (text.split("-") for text in texts)
    return tuple(Hours(minute(start), minute(end)) for start, end in pairs)


def weekly(
    weekday: int,
    text: str,
    service: int | None = None,
    *,
    first: date | None = None,
    last: date | None = None,
    every: int = 1,
    anchor: date | None = None,
) -> Weekly:
    """Return one weekly rule."""
    (each,) = hours(text)
    return Weekly(service, weekday, each.start, each.end, first, last, every, anchor)


def local(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> datetime:
    """Return the instant of a wall-clock time such as "2026-06-01 09:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def cell(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> int:
    """Return the cell that begins at a wall-clock time."""
    found, rest = divmod(int(local(text, zone, fold=fold).timestamp()), CELL_SECONDS)
    assert rest == 0
    return found


def span(start: str, end: str, zone: ZoneInfo = BERLIN) -> TimeSpan:
    """Return the span between two wall-clock times."""
    return TimeSpan(cell(start, zone), cell(end, zone))


def shown(found: int, zone: ZoneInfo = BERLIN) -> str:
    """Return what a clock shows when a cell begins, such as "06-01 09:00"."""
    return f"{instant(found).astimezone(zone):%m-%d %H:%M}"


def times(cells: tuple[int, ...], zone: ZoneInfo = BERLIN) -> list[str]:
    """Return what a clock shows at each start, without the date."""
    return [shown(each, zone)[-5:] for each in cells]


def read(spans: tuple[TimeSpan, ...], zone: ZoneInfo = BERLIN) -> list[str]:
    """Return spans as a clock shows them."""
    return [f"{shown(each.start, zone)} to {shown(each.end, zone)}" for each in spans]
