"""An event loop whose time leaps to whatever happens next, so that a test of waiting waits for nothing."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _VirtualSelector(selectors.DefaultSelector):
    """A selector that does not wait: it says how late it is afterwards."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look at what is there, and let the time pass that was to be waited."""
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never happen")
        self.now += max(timeout, 0.0)
        return super().select(0)


class _VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop on a leaping clock."""

    def __init__(self) -> None:
        self._leaps = _VirtualSelector()
        super().__init__(self._leaps)

    def time(self) -> float:
        """Return the leaping clock's seconds."""
        return self._leaps.now


def run_on_virtual_clock(story: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, in no time."""
    with asyncio.Runner(loop_factory=_VirtualClockLoop) as runner:
        return runner.run(story)
