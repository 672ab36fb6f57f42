"""The system clock; no other module reads it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the current time, aware and in UTC."""
    return datetime.now(UTC)
