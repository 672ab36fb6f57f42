"""A deterministic scheduler: event loops of several processes that share virtual time.

Each process has its own event loop, because the bot starts tasks in empty contexts, so nothing but
the loop tells to which process a task belongs. The loop implements the public methods of
``asyncio.AbstractEventLoop`` that the bot uses, and no others: there are no sockets and no threads.

A task is a lane. All other callbacks of a process are one lane, in order, as are the first steps of
tasks: asyncio promises that tasks start in the order in which they are created. A step runs one
callback of a lane that the seed chooses. When no lane is ready, time leaps to the next timer.
"""

import asyncio
import hashlib
import heapq
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from math import ceil
from typing import Any, TypeVar, TypeVarTuple

from simulation.world.streams import Stream

Result = TypeVar("Result")
Values = TypeVarTuple("Values")

MICROSECONDS = 1_000_000
_CALLBACKS = 0
_MAX_STEPS_WITHOUT_TIME = 200_000


class Deadlock(Exception):
    """Nothing can ever run again."""


class Livelock(Exception):
    """Code runs without end while time stands still."""


class Scheduled(asyncio.TimerHandle):
    """A callback that a loop will run, at an instant in microseconds or as soon as possible."""

    def __init__(
        self,
        when: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: "ProcessLoop",
        context: Context | None,
    ) -> None:
        context = copy_context() if context is None else context
        super().__init__(when / MICROSECONDS, callback, args, loop, context)
        self.run = partial(context.run, callback, *args)
        owner = getattr(callback, "__self__", None)
        self.task = owner if isinstance(owner, asyncio.Task) else None
        self.lane = _CALLBACKS if self.task is None else loop.lane_of(self.task)

    def cancel(self) -> None:
        """Do not run the callback."""
        asyncio.Handle.cancel(self)


class Kernel:
    """Virtual time and the choice of the next step.

    ``now`` counts microseconds from the start. The ``digest`` of all steps is equal for equal runs.
    """

    def __init__(self, random: Stream, start: datetime) -> None:
        """Choose steps by ``random``; virtual time begins at ``start``."""
        self.now = 0
        self.steps = 0
        self.digest = hashlib.blake2b(digest_size=8)
        self._random = random
        self.start = start
        self.loops: list[ProcessLoop] = []
        self.last_loop: ProcessLoop | None = None
        """The process that ran the last step."""
        self._ready: list[tuple[int, int]] = []
        self._timers: list[tuple[int, int, Scheduled, ProcessLoop, bool]] = []
        self._numbers = count()
        self._standing = 0

    def clock(self) -> datetime:
        """Return the virtual time, aware and in UTC."""
        return self.start + timedelta(microseconds=self.now)

    def new_loop(self) -> "ProcessLoop":
        """Return the event loop of a new process."""
        # Of the methods of an event loop, it has those that are called.
        loop = ProcessLoop(self, len(self.loops))  # type: ignore[abstract]
        self.loops.append(loop)
        return loop

    def run(self, until: int, *, after_step: Callable[[], object] | None = None) -> None:
        """Run all processes until this instant, in microseconds.

        Raises Livelock, and what ``after_step`` raises, which is called after each step.
        """
        while self._advance(until):
            self._step()
            if after_step is not None:
                after_step()

    def run_task(
        self,
        task: "asyncio.Task[Result]",
        *,
        within: int,
        after_step: Callable[[], object] | None = None,
    ) -> Result:
        """Run all processes until a task has ended, and return its result.

        Raises TimeoutError if it has not ended ``within`` microseconds, Deadlock if it never will,
        and what ``run`` raises.
        """
        limit = self.now + within
        while not task.done():
            if not self._advance(limit):
                raise TimeoutError if self._timers else Deadlock
            self._step()
            if after_step is not None:
                after_step()
        return task.result()

    def add_timer(
        self, when: int, scheduled: Scheduled, loop: "ProcessLoop", *, at_once: bool = False
    ) -> None:
        """Run a callback at an instant, in a step of its own unless ``at_once``."""
        heapq.heappush(self._timers, (when, next(self._numbers), scheduled, loop, at_once))

    def mark_ready(self, loop: "ProcessLoop", lane: int) -> None:
        """Make a lane a candidate for the next step."""
        insort(self._ready, (loop.number, lane))

    def drop(self, loop: "ProcessLoop") -> None:
        """Remove all lanes of a process that was killed."""
        self._ready = [lane for lane in self._ready if lane[0] != loop.number]

    def _advance(self, until: int) -> bool:
        """Let time leap until a lane is ready; return False if none is before ``until``."""
        self._fire_timers()
        while not self._ready:
            when = self._timers[0][0] if self._timers else until + 1
            if when > until:
                self.now = max(self.now, until)
                return False
            self.now, self._standing = max(self.now, when), 0
            self._fire_timers()
        return True

    def _fire_timers(self) -> None:
        """Move the callbacks whose time has come to the lanes of their processes."""
        while self._timers and self._timers[0][0] <= self.now:
            _, _, scheduled, loop, at_once = heapq.heappop(self._timers)
            if at_once and not loop.dead:
                scheduled.run()
            elif not scheduled.cancelled():
                loop.enqueue(scheduled)

    def _step(self) -> None:
        """Run the next callback of a lane."""
        self._standing += 1
        if self._standing > _MAX_STEPS_WITHOUT_TIME:
            raise Livelock
        index = self._random.below(len(self._ready))
        number, lane = self._ready[index]
        loop = self.last_loop = self.loops[number]
        scheduled, more = loop.take(lane)
        if not more:
            del self._ready[bisect_left(self._ready, (number, lane))]
        self.steps += 1
        self.digest.update(f"{number} {lane} {self.now}\n".encode())
        loop.run_step(scheduled)


class ProcessLoop(asyncio.AbstractEventLoop):
    """The event loop of one process, which ends by being killed: no callback runs again.

    Tasks are kept until they end, because a killed process must not run the ``finally`` blocks that
    garbage collection would run.
    """

    def __init__(self, kernel: Kernel, number: int) -> None:
        self.number = number
        self.dead = False
        self.errors: list[dict[str, Any]] = []
        self._paused = False
        self._kernel = kernel
        self._lanes: dict[int, deque[Scheduled]] = {}
        self._tasks: dict[asyncio.Task[Any], int] = {}
        self._numbers = count(_CALLBACKS + 1)

    def kill(self) -> None:
        """End the process at once: nothing is cancelled, and no callback runs again."""
        self.dead = True
        self._lanes.clear()
        self._kernel.drop(self)

    def lane_of(self, task: "asyncio.Task[Any]") -> int:
        """Return the lane of a task, which has one of its own after its first step."""
        if (lane := self._tasks.get(task)) is not None:
            return lane
        self._tasks[task] = next(self._numbers)
        return _CALLBACKS

    def enqueue(self, scheduled: Scheduled) -> None:
        """Put a callback into its lane."""
        if self.dead:
            return
        lane = self._lanes.get(scheduled.lane)
        if lane is None:
            self._lanes[scheduled.lane] = deque([scheduled])
            if not self._paused:
                self._kernel.mark_ready(self, scheduled.lane)
        else:
            lane.append(scheduled)

    def pause(self, seconds: float) -> None:
        """Run no callback of this process for some seconds, as if its machine stood still."""
        if not self.dead and not self._paused:
            self._paused = True
            self._kernel.drop(self)
            resume = Scheduled(0, self._resume, (), self, None)
            self._kernel.add_timer(
                self._kernel.now + ceil(seconds * MICROSECONDS), resume, self, at_once=True
            )

    def _resume(self) -> None:
        """Go on after a pause."""
        self._paused = False
        for lane in self._lanes:
            self._kernel.mark_ready(self, lane)

    def take(self, lane: int) -> tuple[Scheduled, bool]:
        """Remove the next callback of a lane; return it and whether there are more."""
        waiting = self._lanes[lane]
        scheduled = waiting.popleft()
        if not waiting:
            del self._lanes[lane]
        return scheduled, bool(waiting)

    def run_step(self, scheduled: Scheduled) -> None:
        """Run a callback with this loop as the running one."""
        if scheduled.cancelled():
            return
        with _running(self):
            scheduled.run()
        if scheduled.task is not None and scheduled.task.done():
            self._tasks.pop(scheduled.task, None)

    def start(self, main: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        """Start the main task of this process from outside."""
        with _running(self):
            return self.create_task(main)

    # What asyncio calls.

    def time(self) -> float:
        """Return the virtual seconds since the start."""
        return self._kernel.now / MICROSECONDS

    def call_soon(
        self, callback: Callable[[*Values], object], *args: *Values, context: Context | None = None
    ) -> Scheduled:
        """Run a callback in the next step of its lane."""
        scheduled = Scheduled(self._kernel.now, callback, args, self, context)
        self.enqueue(scheduled)
        return scheduled

    def call_soon_threadsafe(
        self, callback: Callable[[*Values], object], *args: *Values, context: Context | None = None
    ) -> Scheduled:
        """Run a callback in the next step: there are no threads."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Values], object],
        *args: *Values,
        context: Context | None = None,
    ) -> Scheduled:
        """Run a callback after some seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Values], object],
        *args: *Values,
        context: Context | None = None,
    ) -> Scheduled:
        """Run a callback at an instant of this loop's time, rounded up to a microsecond."""
        due = ceil(round(when * MICROSECONDS, 3))
        if when > self.time():
            due = max(due, self._kernel.now + 1)
        scheduled = Scheduled(due, callback, args, self, context)
        self._kernel.add_timer(due, scheduled, self)
        return scheduled

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        """Start a task."""
        return asyncio.Task(coro, loop=self, **options)

    def run_in_executor(
        self, _executor: object, func: Callable[[*Values], Result], *args: *Values
    ) -> "asyncio.Future[Result]":
        """Call a function in a step of its own instead of a thread."""
        future = self.create_future()
        self.call_soon(_resolve, future, func, args)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep an error that no code handles; a dead process has none."""
        if not self.dead:
            self.errors.append(context)

    def get_debug(self) -> bool:
        """Return that asyncio's debug mode is off."""
        return False

    def is_running(self) -> bool:
        """Return that the loop runs."""
        return True

    def is_closed(self) -> bool:
        """Return that the loop is never closed."""
        return False


class _running:  # noqa: N801  (a context manager that is called for each step)
    """Sets the running loop for a block, and restores the one before."""

    __slots__ = ("_before", "_loop")

    def __init__(self, loop: ProcessLoop) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        self._before = asyncio._get_running_loop()  # noqa: SLF001  (asyncio's hook for loops)
        asyncio._set_running_loop(self._loop)  # noqa: SLF001  (as above)

    def __exit__(self, *_error: object) -> None:
        asyncio._set_running_loop(self._before)  # noqa: SLF001  (as above)


def _resolve(
    future: "asyncio.Future[Any]", function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    """Set the result of a function, or its exception."""
    if future.done():
        return
    try:
        result = function(*args)
    except Exception as error:  # noqa: BLE001  (the caller gets it)
        future.set_exception(error)
    else:
        future.set_result(result)
