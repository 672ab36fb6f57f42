"""A heartbeat: when something was last known to be alive."""

import time


class Heartbeat:
    """Remembers the last beat on the monotonic clock; any thread may read it."""

    def __init__(self) -> None:
        self.last_beat: float | None = None

    def beat(self) -> None:
        """Record a beat now."""
        self.last_beat = time.monotonic()

    @property
    def age(self) -> float | None:
        """Seconds since the last beat; None before the first."""
        return None if self.last_beat is None else time.monotonic() - self.last_beat
