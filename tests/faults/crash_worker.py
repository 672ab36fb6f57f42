"""A bot that does one thing and is killed at a given await of it."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Generator
from datetime import datetime
from typing import Any

from bot.app import App, build, opened
from bot.settings import Settings


class Countdown:
    """Counts the awaits of all tasks from when it is set, and kills the process at one of them."""

    def __init__(self) -> None:
        self.passed = 0
        self._last = 0
        self._set = False

    def starts(self, last: int) -> None:
        """Count from now on; 0 kills nobody."""
        self._last, self._set = last, True

    def ends(self) -> None:
        """Count no more."""
        self._set = False

    def one_more(self) -> None:
        """Count an await."""
        if self._set:
            self.passed += 1
            if self.passed == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


class Counted(Coroutine[Any, Any, Any]):
    """A coroutine driven by hand, so that each time it waits for something is counted: what it waits for has been begun by then."""

    def __init__(self, inner: Coroutine[Any, Any, Any], countdown: Countdown) -> None:
        self._inner = inner
        self._countdown = countdown

    def send(self, value: Any) -> Any:
        """Go on to the next await; StopIteration is the end, and no await."""
        awaited = self._inner.send(value)
        self._countdown.one_more()
        return awaited

    def throw(self, *error: Any) -> Any:
        """Go on with an error to the next await."""
        awaited = self._inner.throw(*error)
        self._countdown.one_more()
        return awaited

    def close(self) -> None:
        """End it."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


async def _does(order: dict[str, Any], countdown: Countdown) -> None:
    """Open a bot, have it do what was ordered, and close it."""

    def counted(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        return asyncio.Task(Counted(coro, countdown), loop=loop, **more)

    asyncio.get_running_loop().set_task_factory(counted)
    now = datetime.fromisoformat(order["now"])
    settings = Settings(_env_file=None, **order["settings"])
    app = build(settings, order["token"], clock=lambda: now)
    async with opened(app, settings):
        countdown.starts(order["at"])
        # In a task of its own, since the one that runs this began before anything was counted.
        await asyncio.create_task(_acts(app, order["updates"]))
        countdown.ends()


async def _acts(app: App, updates: list[dict[str, Any]]) -> None:
    """Work the updates, and do what is due."""
    for raw in updates:
        await app.receiver.once(app.receiver.read(raw))
    await app.processor.idle()
    if not updates:
        await app.jobs.run_due()
        await app.relay.idle()


def crash(order: dict[str, Any]) -> None:
    """Do what ``order`` says and print how many awaits that took, unless killed at await ``at``."""
    countdown = Countdown()
    asyncio.run(_does(order, countdown))
    print(countdown.passed, flush=True)  # noqa: T201  (the test reads it)
