"""A bot that performs one act and is killed at a given await."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Generator
from datetime import datetime
from typing import Any

from bot.app import App, build, opened
from bot.settings import Settings


class Countdown:
    """Counts the awaits of all tasks while started, and kills the process at one of them."""

    def __init__(self) -> None:
        self.awaits = 0
        self._last = 0
        self._set = False

    def start(self, last: int) -> None:
        """Start counting; ``last`` 0 kills nothing."""
        self._last, self._set = last, True

    def stop(self) -> None:
        """Stop counting."""
        self._set = False

    def count(self) -> None:
        """Count an await."""
        if self._set:
            self.awaits += 1
            if self.awaits == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


class Counted(Coroutine[Any, Any, Any]):
    """A coroutine that counts each await; what it awaits has been started by then."""

    def __init__(self, inner: Coroutine[Any, Any, Any], countdown: Countdown) -> None:
        self._inner = inner
        self._countdown = countdown

    def send(self, value: Any) -> Any:
        """Run to the next await; StopIteration is the end and not an await."""
        awaited = self._inner.send(value)
        self._countdown.count()
        return awaited

    def throw(self, *error: Any) -> Any:
        """Raise an error and run to the next await."""
        awaited = self._inner.throw(*error)
        self._countdown.count()
        return awaited

    def close(self) -> None:
        """Close the coroutine."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


async def _run(order: dict[str, Any], countdown: Countdown) -> None:
    """Open a bot, perform the order, and close it."""

    def counted(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        return asyncio.Task(Counted(coro, countdown), loop=loop, **more)

    asyncio.get_running_loop().set_task_factory(counted)
    now = datetime.fromisoformat(order["now"])
    settings = Settings(_env_file=None, **order["settings"])
    app = build(settings, order["token"], clock=lambda: now)
    async with opened(app, settings):
        countdown.start(order["at"])
        # In its own task, because the current task started before counting.
        await asyncio.create_task(_perform(app, order["updates"]))
        countdown.stop()


async def _perform(app: App, updates: list[dict[str, Any]]) -> None:
    """Process the updates, or run what is due without any."""
    for raw in updates:
        await app.receiver.process(app.receiver.read(raw))
    await app.replies.idle()
    if not updates:
        await app.jobs.run_due()
        await app.relay.idle()


def crash(order: dict[str, Any]) -> None:
    """Perform ``order`` and print the number of awaits, unless killed at await ``at``."""
    countdown = Countdown()
    asyncio.run(_run(order, countdown))
    print(countdown.awaits, flush=True)  # noqa: T201  (the test reads it)
