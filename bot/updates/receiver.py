"""Passes updates to the processor, one at a time for each chat, and retries them.

Polling and the webhook share this module.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

from telegram import Update
from telegram.ext import Application

from bot.observability.update_timing import received
from bot.runtime.chat_locks import ChatLocks
from bot.updates.wire import Raw, read, unreadable
from domain.operations.database_retry import retry_on_conflict
from domain.ports import DatabaseAway, TransactionConflict

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_MAX_WAIT = 30.0
# The processor sets an update aside after fewer failures; this limit is for its own failures.
_MAX_FAILURES = 8


class Receiver:
    """Passes updates to the application.

    Updates wait in their chat's queue here, before the processor with its limited concurrency. So
    a person who floods the bot occupies one slot of the processor only.
    """

    def __init__(self, application: AnyApplication) -> None:
        self._application = application
        self._chat_queues = ChatLocks()
        self._started_at: dict[int, float] = {}

    @property
    def oldest_age(self) -> float:
        """For how many seconds the oldest update has been in progress; 0 if there is none."""
        if not self._started_at:
            return 0.0
        return time.monotonic() - min(self._started_at.values())

    def read(self, raw: Raw) -> Update:
        """Parse an update; log an error if it cannot be read."""
        update = read(raw, self._application.bot)
        if (reason := unreadable(update)) is not None:
            log.error("update %s cannot be read and was set aside: %s", update.update_id, reason)
        return update

    async def process(self, update: Update) -> None:
        """Process an update in the order of its chat, and return after its commit.

        Raises the error that prevented the commit.
        """
        with self._in_progress(update):
            async with self._chat_queue(update):
                await self._process(update)

    async def process_until_committed(self, update: Update) -> None:
        """Process an update until it is committed or set aside; later updates of its chat wait."""
        wait = _FIRST_WAIT
        with self._in_progress(update):
            async with self._chat_queue(update):
                failures = 0
                while (error := await self._error_of(update)) is not None:
                    failures += not isinstance(error, DatabaseAway | TransactionConflict)
                    if failures >= _MAX_FAILURES:
                        log.error(
                            "update %s was set aside without a record: it failed %s times",
                            update.update_id,
                            failures,
                        )
                        return
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _MAX_WAIT)

    @contextmanager
    def _in_progress(self, update: Update) -> Iterator[None]:
        """Count an update as in progress during a block; one that is posted twice counts once."""
        started_at = self._started_at.setdefault(update.update_id, time.monotonic())
        try:
            with received(update):
                yield
        finally:
            if self._started_at.get(update.update_id) == started_at:
                del self._started_at[update.update_id]

    def _chat_queue(self, update: Update) -> AbstractAsyncContextManager[None]:
        """Keep the updates of one chat in order, within this process."""
        chat = update.effective_chat or update.effective_user
        return self._chat_queues.hold(chat.id if chat else 0)

    async def _error_of(self, update: Update) -> Exception | None:
        """Process an update once; return the error that prevented the commit, None if none did."""
        try:
            await self._process(update)
        except Exception as error:  # noqa: BLE001  (any error may be gone at the next try)
            log.warning("update %s will be tried again: %s", update.update_id, error)
            return error
        return None

    async def _process(self, update: Update) -> None:
        """Process an update, and again at once if its transaction conflicts with another."""
        await retry_on_conflict(lambda: self._handle(update))

    async def _handle(self, update: Update) -> None:
        """Process an update with a new coroutine for its handlers."""
        handlers = self._application.process_update(update)
        try:
            await self._application.update_processor.process_update(update, handlers)
        finally:
            # After a cancellation the handlers may never have been awaited.
            handlers.close()
