"""When something was last seen to be alive."""

import time


class Heartbeat:
    """Remembers the last beat by the event loop's clock, which nobody sets and any thread may read."""

    def __init__(self) -> None:
        self.last_beat: float | None = None

    def beat(self) -> None:
        """Note that it is alive now."""
        self.last_beat = time.monotonic()

    @property
    def age(self) -> float | None:
        """For how many seconds it has been silent; None where it never beat."""
        return None if self.last_beat is None else time.monotonic() - self.last_beat
