"""The simulator's time: whatever the injected clock says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


class DemoClock:
    """A clock everybody shares: it runs at real pace and can be moved forward.

    Called, it returns the simulated instant, aware, in UTC. It begins at `start` (aware), or now where none is given.
    """

    def __init__(self, start: datetime | None = None, *, real: Clock = system_clock) -> None:
        self._real = real
        self._ahead = timedelta() if start is None else start - real()
        self._skipped = timedelta()
        self._listeners: list[Callable[[], object]] = []

    def __call__(self) -> datetime:
        """Return the simulated instant."""
        return self._real() + self._ahead + self._skipped

    @property
    def skipped(self) -> timedelta:
        """Return by how much the clock was moved so far."""
        return self._skipped

    def skip(self, by: timedelta) -> datetime:
        """Move forward, tell the listeners and return the new instant; a step that is not forward raises ValueError."""
        if by <= timedelta():
            raise ValueError("time only goes forward")
        self._skipped += by
        for listener in self._listeners:
            listener()
        return self()

    def on_skip(self, listener: Callable[[], object]) -> None:
        """Have something called after every skip, for instance what wakes the bot."""
        self._listeners.append(listener)
