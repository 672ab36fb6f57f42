"""Long polling that acknowledges an update only once its work is committed; python-telegram-bot's own does so before."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import Application

Result = TypeVar("Result")

log = logging.getLogger(__name__)

ALLOWED_UPDATES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
_POLL_SECONDS = 30
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


async def poll(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Fetch updates and have them worked until cancelled; raises InvalidToken where the token is refused."""
    await retried(application.bot.delete_webhook)
    offset: int | None = None
    wait = _FIRST_WAIT
    while True:
        try:
            updates = await application.bot.get_updates(offset=offset, timeout=_POLL_SECONDS, allowed_updates=ALLOWED_UPDATES)
        except InvalidToken:
            raise
        except TelegramError as error:
            wait = await _waited(error, wait)
            continue
        wait = _FIRST_WAIT
        if updates:
            await _worked(application, updates)
            offset = updates[-1].update_id + 1


async def retried(call: Callable[[], Awaitable[Result]]) -> Result:
    """Make a call to Telegram until it is answered, waiting longer each time; raises InvalidToken where the token is refused."""
    wait = _FIRST_WAIT
    while True:
        try:
            return await call()
        except InvalidToken:
            raise
        except (NetworkError, RetryAfter) as error:
            wait = await _waited(error, wait)


async def _worked(application: Application[Any, Any, Any, Any, Any, Any], updates: Sequence[Update]) -> None:
    """Have updates worked, many chats side by side, and return once each is committed or set aside."""
    # Tasks begin in the order they were made, so each chat's updates queue for its turn in the order Telegram sent them.
    async with asyncio.TaskGroup() as group:
        for update in updates:
            group.create_task(_worked_one(application, update))


async def _worked_one(application: Application[Any, Any, Any, Any, Any, Any], update: Update) -> None:
    """Have one update worked, again and again until it is committed or set aside: nothing is acknowledged that is not safe."""
    wait = _FIRST_WAIT
    while True:
        try:
            await application.update_processor.process_update(update, application.process_update(update))
        except Exception as error:
            log.warning("update %s will be tried again: %s", update.update_id, error)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        else:
            return


async def _waited(error: TelegramError, wait: float) -> float:
    """Wait as long as an error asks, and return how long to wait after the next one."""
    if isinstance(error, Conflict):
        log.error("another program polls with this token: stop one of the two (%s)", error.message)
    else:
        log.warning("Telegram did not answer and will be asked again: %s", error)
    if isinstance(error, RetryAfter):
        asked = error.retry_after
        await asyncio.sleep(asked.total_seconds() if isinstance(asked, timedelta) else asked)
    else:
        await asyncio.sleep(wait)
    return min(wait * 2, _LONGEST_WAIT)
