"""The simulator's clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the current time in UTC, aware."""
    return datetime.now(UTC)


class DemoClock:
    """A shared clock that runs at real pace and can be moved forward.

    Calling it returns the simulated time in UTC, aware. It starts at `start`, which is aware, or
    now.
    """

    def __init__(self, start: datetime | None = None, *, real: Clock = system_clock) -> None:
        self._real = real
        self._ahead = timedelta() if start is None else start - real()
        self._skipped = timedelta()
        self._listeners: list[Callable[[], object]] = []

    def __call__(self) -> datetime:
        """Return the simulated time."""
        return self._real() + self._ahead + self._skipped

    @property
    def skipped(self) -> timedelta:
        """Return how far the clock has been moved in total."""
        return self._skipped

    def skip(self, by: timedelta) -> datetime:
        """Move forward, call the listeners and return the new time.

        Raises ValueError unless `by` is positive.
        """
        if by <= timedelta():
            raise ValueError("time only goes forward")
        self._skipped += by
        for listener in self._listeners:
            listener()
        return self()

    def on_skip(self, listener: Callable[[], object]) -> None:
        """Call a function after every skip, for example to wake the bot."""
        self._listeners.append(listener)
