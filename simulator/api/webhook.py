"""Posts updates to the bot's webhook: in order within a queue, in parallel across queues."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import aiohttp

from simulator.faults import WEBHOOK
from simulator.loopback import is_loopback
from simulator.state.raw import dumped
from simulator.state.transcript import Delivery
from simulator.state.updates import Pending, chat_of
from simulator.state.world import World

_TIMEOUT_SECONDS = 60
_MAX_DELAY_SECONDS = 60
_MAX_RETRY_AFTER_SECONDS = 3600
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the name of a header)


def open_session() -> aiohttp.ClientSession:
    """Open a session to post with."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS))


class WebhookSender:
    """Posts pending updates while a webhook is set, one at a time in each queue.

    A failed post is repeated at once, then after 2, 4, 8 … seconds. `pace` scales these seconds;
    `waits` records them unscaled. `open_session` opens what posts, an `aiohttp.ClientSession` or
    something with the same methods.
    """

    def __init__(
        self, world: World, pace: float = 1.0, open_session: Callable[[], Any] = open_session
    ) -> None:
        self._world = world
        self.pace = pace
        self.open_session = open_session
        self.waits: list[int] = []
        self._queues: dict[int, deque[Pending]] = defaultdict(deque)
        self._assigned: set[int] = set()
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._hook = world.webhook
        self._connections = asyncio.Semaphore(world.webhook.max_connections)

    async def run(self) -> None:
        """Post updates until cancelled."""
        async with self.open_session() as session:
            try:
                while True:
                    # Cleared before looking, so that an update added meanwhile sets it again.
                    self._world.updates.arrived.clear()
                    await self._assign_updates(session)
                    await self._world.updates.arrived.wait()
            finally:
                await self._stop_workers()

    async def _assign_updates(self, session: Any) -> None:
        """Assign new updates to the workers of their queues."""
        if self._hook is not self._world.webhook:
            await self._stop_workers()
            self._hook = self._world.webhook
            self._connections = asyncio.Semaphore(self._hook.max_connections)
        if not self._hook.url:
            return
        for entry in [
            entry for entry in self._world.updates.pending if id(entry) not in self._assigned
        ]:
            self._assigned.add(id(entry))
            self._queues[entry.queue].append(entry)
            if entry.queue not in self._workers:
                self._workers[entry.queue] = asyncio.create_task(
                    self._run_queue(entry.queue, session)
                )

    async def _run_queue(self, queue: int, session: Any) -> None:
        entries = self._queues[queue]
        while entries:
            await self._deliver(entries[0], session)
            self._assigned.discard(id(entries[0]))
            self._world.updates.done(entries.popleft())
        del self._workers[queue]

    async def _deliver(self, entry: Pending, session: Any) -> None:
        failures, delay = 0, 1
        while entry in self._world.updates.pending:
            while entry.queue in self._world.updates.held:
                await self._world.updates.changed.wait()
            async with self._connections:
                wait = await self._post(entry, session)
            if wait is None:
                return
            if wait == 0 and failures:
                delay = min(delay * 2, _MAX_DELAY_SECONDS)
                wait = delay
            failures += 1
            self.waits.append(wait)
            await asyncio.sleep(wait * self.pace)

    async def _post(self, entry: Pending, session: Any) -> int | None:
        """Post one update; return None on success, else the Retry-After seconds or 0."""
        hook = self._world.webhook
        if not is_loopback(hook.url):
            return self._record_failure("The simulator posts to this machine only", 0)
        headers = {"Content-Type": "application/json"} | (
            {_SECRET_HEADER: hook.secret} if hook.secret else {}
        )
        fault = self._world.faults.take(WEBHOOK, chat_of(entry.update))
        await asyncio.sleep(fault.waits_before() if fault else 0)
        self._world.transcript.deliveries.append(
            Delivery(entry.update, "webhook", self._world.clock())
        )
        try:
            async with session.post(
                hook.url, data=dumped(entry.update), headers=headers, allow_redirects=False
            ) as response:
                body = await response.text()
                await asyncio.sleep(fault.waits_after() if fault else 0)
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._record_failure(f"Connection failed: {type(error).__name__}", 0)
        if response.status // 100 != 2:  # noqa: PLR2004  (anything but 2xx is a failure)
            asked = response.headers.get("Retry-After", "")
            retry_after = min(int(asked), _MAX_RETRY_AFTER_SECONDS) if asked.isdecimal() else 0
            return self._record_failure(
                f"Wrong response from the webhook: {response.status} {response.reason}", retry_after
            )
        if '"method"' in body:
            self._world.transcript.warn(
                "a call in the answer to a webhook is not simulated and was not done"
            )
        return None

    def _record_failure(self, why: str, retry_after: int) -> int:
        self._world.webhook.last_error, self._world.webhook.last_error_date = (
            why,
            int(self._world.now()),
        )
        return retry_after

    async def _stop_workers(self) -> None:
        """Stop posting; undelivered updates stay pending."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self._workers.clear()
        self._queues.clear()
        self._assigned.clear()
