"""When something was last seen to be alive."""

import asyncio


class Pulse:
    """Remembers the last beat by the event loop's clock, which nobody sets."""

    def __init__(self) -> None:
        self.last_beat: float | None = None

    def beat(self) -> None:
        """Note that it is alive now."""
        self.last_beat = asyncio.get_running_loop().time()

    @property
    def age(self) -> float | None:
        """For how many seconds it has been silent; None where it never beat."""
        return None if self.last_beat is None else asyncio.get_running_loop().time() - self.last_beat
