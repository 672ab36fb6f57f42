"""An event loop on a virtual clock, which jumps to the next timer instead of waiting."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _VirtualSelector(selectors.DefaultSelector):
    """A selector that advances ``now`` by the timeout instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return the events that are ready now, and advance the clock by the timeout."""
        if timeout is None:
            raise RuntimeError("deadlock: every task waits, and no timer is set")
        self.now += max(timeout, 0.0)
        return super().select(0)


class _VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop whose time is that of its selector."""

    def __init__(self) -> None:
        self._virtual_selector = _VirtualSelector()
        super().__init__(self._virtual_selector)

    def time(self) -> float:
        """Return the seconds of the virtual clock."""
        return self._virtual_selector.now


def run_on_virtual_clock(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end without real waiting, and return its result."""
    with asyncio.Runner(loop_factory=_VirtualClockLoop) as runner:
        return runner.run(coroutine)
