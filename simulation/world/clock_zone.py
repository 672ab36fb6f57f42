"""Gives APScheduler the virtual time.

APScheduler 3 has no parameter for a clock. It reads the time as ``datetime.now(timezone)``, which
asks the time zone to convert the system's time.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

# Virtual time is years away from the system's, so nothing else is converted that is this near.
_NEAR = timedelta(days=30)


class ClockZone(tzinfo):
    """UTC, in which the system's present is the time of another clock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        """Return no offset."""
        return timedelta()

    def dst(self, _moment: datetime | None) -> timedelta:
        """Return no offset."""
        return timedelta()

    def tzname(self, _moment: datetime | None) -> str:
        """Return the name of UTC."""
        return "UTC"

    def fromutc(self, moment: datetime) -> datetime:
        """Return an instant in this zone, and the clock's time for the system's present."""
        is_present = abs(moment.replace(tzinfo=UTC) - datetime.now(UTC)) < _NEAR
        return self._clock().replace(tzinfo=self) if is_present else moment
