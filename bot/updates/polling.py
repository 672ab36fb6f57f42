"""Long polling that acknowledges an update only once its work is committed; python-telegram-bot's own does so before."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from telegram import Bot
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.observability.heartbeat import Heartbeat
from bot.runtime.chat_locks import finished
from bot.telegram.api import call
from bot.updates.receiver import Received, Receiver
from bot.updates.wire import KINDS, Raw, is_update

Result = TypeVar("Result")

log = logging.getLogger(__name__)

ALLOWED_UPDATES = KINDS
_POLL_SECONDS = 30
# Telegram's numbers have 32 bits. Another server's may have more, and then all of them have.
_TELEGRAMS_NUMBERS = 2**31
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_GLANCE = 0.25
_DRAIN_SECONDS = 1.5


async def poll(
    application: Received, line: BaseRequest, receiver: Receiver, pulse: Heartbeat
) -> None:
    """Fetch updates and have them worked until cancelled; raises InvalidToken where the token is refused.

    They are fetched by a ``line`` of their own, which nothing that is sent can fill. The ``pulse`` beats each time Telegram answers.
    """
    await retried(application.bot.delete_webhook)
    fetched = _Fetched(receiver)
    backoff = _Backoff()
    try:
        while True:
            try:
                # The first call asks for what is there already, so that a quiet bot is known to be ready at once.
                updates = await _get_updates(
                    application.bot,
                    line,
                    fetched.offset,
                    wait=_POLL_SECONDS if pulse.age is not None else 0,
                )
            except InvalidToken:
                raise
            except TelegramError as error:
                await backoff.wait(error)
                continue
            pulse.beat()
            backoff.answered()
            await fetched.take(updates)
    finally:
        await fetched.stop()


async def retried(call: Callable[[], Awaitable[Result]]) -> Result:
    """Make a call to Telegram until it is answered, waiting longer each time; raises InvalidToken where the token is refused."""
    backoff = _Backoff()
    while True:
        try:
            return await call()
        except InvalidToken:
            raise
        except TelegramError as error:
            await backoff.wait(error)


class _Fetched:
    """The updates that were fetched, until they are committed.

    ``offset`` acknowledges those below it. While one chat has trouble it stays where it is, and the updates of all others go on, as far as
    Telegram shows them: it gives out a hundred from the offset on.
    """

    def __init__(self, receiver: Receiver) -> None:
        self.offset: int | None = None
        self._lowest: int | None = None
        self._receiver = receiver
        self._taken: dict[int, asyncio.Task[None]] = {}

    async def take(self, updates: Sequence[Raw]) -> None:
        """Have updates worked that are not in work yet, give them a moment, and say how far they are committed."""
        if updates and not (updates := self._within_reach(updates)):
            # Telegram would give out the same again at once.
            await asyncio.sleep(_FIRST_WAIT)
        # Tasks begin in the order they were made, so each chat's updates queue in the order Telegram sent them.
        for raw in updates:
            if (number := raw["update_id"]) not in self._taken:
                self._taken[number] = asyncio.create_task(
                    self._receiver.until_committed(self._receiver.read(raw))
                )
        if working := self._working():
            await asyncio.wait(working.values(), timeout=_GLANCE)
        if working := self._working():
            self.offset = min(working)
            self._taken = {
                number: task for number, task in self._taken.items() if number >= self.offset
            }
        elif updates:
            self.offset = max(raw["update_id"] for raw in updates) + 1
            self._taken.clear()

    def _within_reach(self, updates: Sequence[Raw]) -> Sequence[Raw]:
        """Leave out updates whose numbers are implausibly large: acknowledging one would discard every later update."""
        if self._lowest is None and updates:
            self._lowest = min(raw["update_id"] for raw in updates)
        if self._lowest is None or self._lowest >= _TELEGRAMS_NUMBERS:
            return updates
        reached = [raw for raw in updates if raw["update_id"] < _TELEGRAMS_NUMBERS]
        if len(reached) < len(updates):
            log.error(
                "%s of %s updates have numbers far beyond all others and are passed over",
                len(updates) - len(reached),
                len(updates),
            )
        return reached

    async def stop(self) -> None:
        """Let what is in work be committed, but not for ever, and give back the rest: Telegram will offer it again."""
        await finished(self._working().values(), seconds=_DRAIN_SECONDS)

    def _working(self) -> "dict[int, asyncio.Task[None]]":
        """Return what is not committed yet."""
        return {number: task for number, task in self._taken.items() if not task.done()}


async def _get_updates(
    bot: Bot, line: BaseRequest, offset: int | None, *, wait: int
) -> Sequence[Raw]:
    """Fetch updates as Telegram writes them: those in work are offered again and again, and nobody has to read them each time."""
    patience = (line.read_timeout or 0.0) + wait
    wish = {"offset": offset, "timeout": wait, "allowed_updates": ALLOWED_UPDATES}
    try:
        result = await call(bot, "getUpdates", wish, by=line, read_timeout=patience)
    except TelegramError:
        raise
    except Exception as error:
        # The library may fail at an answer that is none of the Bot API's.
        raise NetworkError(
            f"getUpdates was answered with something that cannot be read ({type(error).__name__})"
        ) from error
    if not isinstance(result, list):
        raise NetworkError("getUpdates was answered with something that is no list of updates")
    updates = [update for update in result if is_update(update)]
    if result and not updates:
        # Telegram would give out the same again at once; a longer wait would keep the next person waiting.
        log.error("getUpdates was answered with nothing that has an update's number")
        await asyncio.sleep(_FIRST_WAIT)
    elif len(updates) < len(result):
        log.error(
            "%s of %s updates have no number and are passed over",
            len(result) - len(updates),
            len(result),
        )
    return updates


class _Backoff:
    """Waits after an error, longer each time; tells of an error once, until another one comes or Telegram answers."""

    def __init__(self) -> None:
        self._wait = _FIRST_WAIT
        self._told = ""

    def answered(self) -> None:
        """Take note that Telegram answers."""
        if self._told:
            log.info("Telegram answers again")
        self._wait, self._told = _FIRST_WAIT, ""

    async def wait(self, error: TelegramError) -> None:
        """Wait as long as an error asks, else twice as long as the last time."""
        asked = error.retry_after if isinstance(error, RetryAfter) else None
        seconds = asked.total_seconds() if isinstance(asked, timedelta) else asked or self._wait
        if str(error) != self._told:
            self._tell(error, seconds)
        await asyncio.sleep(seconds)
        self._wait = min(self._wait * 2, _LONGEST_WAIT)

    def _tell(self, error: TelegramError, seconds: float) -> None:
        """Tell of an error that is new."""
        self._told = str(error)
        if isinstance(error, Conflict):
            log.error(
                "another program polls with this token: stop one of the two (%s)", error.message
            )
        else:
            log.warning(
                "Telegram did not answer and will be asked again, first in %.1f seconds: %s",
                seconds,
                error,
            )
