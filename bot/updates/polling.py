"""Long polling that acknowledges an update only after its commit.

python-telegram-bot's own polling acknowledges updates before they are processed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from telegram import Bot
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.observability.heartbeat import Heartbeat
from bot.runtime.tasks import drain
from bot.telegram.api import call
from bot.updates.processor import AnyApplication
from bot.updates.receiver import Receiver
from bot.updates.wire import KINDS, Raw, is_update
from domain.operations.backoff import Backoff

Result = TypeVar("Result")

log = logging.getLogger(__name__)

ALLOWED_UPDATES = KINDS
POLL_SECONDS = 30
"""How long Telegram may hold a request for updates while there are none."""
# Telegram's update numbers have 32 bits. Another server's may be larger, but then all of them are.
_FIRST_IMPLAUSIBLE_NUMBER = 2**31
_RETRY = Backoff(0.5, maximum=30.0)
_COMMIT_WAIT = 0.25
_DRAIN_SECONDS = 1.5


async def poll(
    application: AnyApplication,
    transport: BaseRequest,
    receiver: Receiver,
    heartbeat: Heartbeat,
    *,
    poll_seconds: int = POLL_SECONDS,
) -> None:
    """Fetch updates and have them processed, until cancelled.

    The ``transport`` is used for nothing else, so sending cannot block fetching. The ``heartbeat``
    beats each time Telegram answers. Telegram may hold a request for ``poll_seconds``.

    Raises:
        InvalidToken: Telegram refused the token.
    """
    await retry_until_answered(application.bot.delete_webhook)
    fetched = FetchedUpdates(receiver)
    outage = _Outage()
    try:
        while True:
            try:
                # The first call does not wait for updates, so a quiet bot is ready at once.
                updates = await _get_updates(
                    application.bot,
                    transport,
                    fetched.offset,
                    wait=poll_seconds if heartbeat.age is not None else 0,
                )
            except InvalidToken:
                raise
            except TelegramError as error:
                await outage.wait(error)
                continue
            heartbeat.beat()
            outage.over()
            await fetched.process(updates)
    finally:
        await fetched.stop()


async def retry_until_answered(call: Callable[[], Awaitable[Result]]) -> Result:
    """Call Telegram until it answers, with growing waits; raises InvalidToken."""
    outage = _Outage()
    while True:
        try:
            return await call()
        except InvalidToken:
            raise
        except TelegramError as error:
            await outage.wait(error)


class FetchedUpdates:
    """The updates that were fetched and may not be committed yet.

    ``offset`` acknowledges all updates below it. While an update of one chat keeps failing, the
    offset stays at that update. Other chats go on as far as Telegram returns their updates, which
    is a hundred from the offset on. ``commit_wait`` is how many seconds to wait for commits before
    the next fetch.
    """

    def __init__(self, receiver: Receiver, *, commit_wait: float = _COMMIT_WAIT) -> None:
        self.offset: int | None = None
        self._lowest: int | None = None
        self._receiver = receiver
        self._commit_wait = commit_wait
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def tracked(self) -> Sequence[int]:
        """The numbers of the updates from the offset on, committed or not."""
        return list(self._tasks)

    @property
    def uncommitted(self) -> "dict[int, asyncio.Task[None]]":
        """The updates in progress: their numbers and tasks."""
        return {number: task for number, task in self._tasks.items() if not task.done()}

    async def process(self, updates: Sequence[Raw]) -> None:
        """Start to process new updates, wait a moment, and move the offset past the committed."""
        if updates and not (updates := self._plausible(updates)):
            # Telegram would return the same updates again at once.
            await asyncio.sleep(_RETRY.first)
        # Tasks start in the order of their creation, so each chat's updates stay in order.
        for raw in updates:
            if (number := raw["update_id"]) not in self._tasks:
                self._tasks[number] = asyncio.create_task(
                    self._receiver.process_until_committed(self._receiver.read(raw))
                )
        if uncommitted := self.uncommitted:
            await asyncio.wait(uncommitted.values(), timeout=self._commit_wait)
        if uncommitted := self.uncommitted:
            self.offset = min(uncommitted)
            self._tasks = {
                number: task for number, task in self._tasks.items() if number >= self.offset
            }
        elif updates:
            self.offset = max(raw["update_id"] for raw in updates) + 1
            self._tasks.clear()

    def _plausible(self, updates: Sequence[Raw]) -> Sequence[Raw]:
        """Leave out updates with implausibly large numbers.

        To acknowledge one of them would discard every later update.
        """
        if self._lowest is None and updates:
            self._lowest = min(raw["update_id"] for raw in updates)
        if self._lowest is None or self._lowest >= _FIRST_IMPLAUSIBLE_NUMBER:
            return updates
        plausible = [raw for raw in updates if raw["update_id"] < _FIRST_IMPLAUSIBLE_NUMBER]
        if len(plausible) < len(updates):
            log.error(
                "ignored %s of %s updates: their numbers are far beyond all others",
                len(updates) - len(plausible),
                len(updates),
            )
        return plausible

    async def stop(self) -> None:
        """Let updates in progress be committed for a moment; Telegram returns the rest again."""
        await drain(self.uncommitted.values(), seconds=_DRAIN_SECONDS)


async def _get_updates(
    bot: Bot, transport: BaseRequest, offset: int | None, *, wait: int
) -> Sequence[Raw]:
    """Fetch updates as plain JSON: those in progress are returned again, and not parsed again."""
    read_timeout = (transport.read_timeout or 0.0) + wait
    parameters = {"offset": offset, "timeout": wait, "allowed_updates": ALLOWED_UPDATES}
    try:
        result = await call(
            bot, "getUpdates", parameters, transport=transport, read_timeout=read_timeout
        )
    except TelegramError:
        raise
    except Exception as error:
        # The library may fail on an answer that does not come from the Bot API.
        raise NetworkError(
            f"the answer to getUpdates cannot be read ({type(error).__name__})"
        ) from error
    if not isinstance(result, list):
        raise NetworkError("the answer to getUpdates is not a list of updates")
    updates = [update for update in result if is_update(update)]
    if result and not updates:
        # Telegram would return the same again at once; a longer wait would delay people.
        log.error("the answer to getUpdates contains no update number")
        await asyncio.sleep(_RETRY.first)
    elif len(updates) < len(result):
        log.error(
            "ignored %s of %s updates: they have no number",
            len(result) - len(updates),
            len(result),
        )
    return updates


class _Outage:
    """Waits after an error, longer each time.

    Logs an error once, until a different error occurs or Telegram answers.
    """

    def __init__(self) -> None:
        self._tries = 0
        self._logged = ""

    def over(self) -> None:
        """Start over, because Telegram answered."""
        if self._logged:
            log.info("Telegram answers again")
        self._tries, self._logged = 0, ""

    async def wait(self, error: TelegramError) -> None:
        """Wait as long as the error asks, else longer than the last time."""
        self._tries += 1
        asked = error.retry_after if isinstance(error, RetryAfter) else None
        backoff = _RETRY.wait(self._tries)
        seconds = asked.total_seconds() if isinstance(asked, timedelta) else asked or backoff
        if str(error) != self._logged:
            self._log(error, seconds)
        await asyncio.sleep(seconds)

    def _log(self, error: TelegramError, seconds: float) -> None:
        """Log a new error."""
        self._logged = str(error)
        if isinstance(error, Conflict):
            log.error(
                "another program polls with this token: stop one of the two (%s)", error.message
            )
        else:
            log.warning(
                "Telegram did not answer; the first retry is in %.1f seconds: %s", seconds, error
            )
