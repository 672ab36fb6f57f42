"""What both ways of receiving updates share: each chat's updates go in one at a time, and each try to work one is a fresh one."""

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
from domain.operations.retry import retry_on_conflict
from domain.ports import DatabaseAway, TransactionConflict

Received = Application[Any, Any, Any, Any, Any, Any]

log = logging.getLogger(__name__)

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
# The processor sets an update aside after fewer; this is for a failure of the processor itself.
_MOST_FAILURES = 8


class Receiver:
    """Hands updates to the application.

    A chat waits for its turn here, before the update processor with its limited number of places: so one person's flood takes one of them.
    """

    def __init__(self, application: Received) -> None:
        self._application = application
        self._chat_locks = ChatLocks()
        self._since: dict[int, float] = {}

    @property
    def oldest_age(self) -> float:
        """For how many seconds the oldest update in work has been so; 0 where there is none."""
        return time.monotonic() - min(self._since.values()) if self._since else 0.0

    def read(self, raw: Raw) -> Update:
        """Return an update."""
        update = read(raw, self._application.bot)
        if (reason := unreadable(update)) is not None:
            log.error("update %s cannot be read and was set aside: %s", update.update_id, reason)
        return update

    async def once(self, update: Update) -> None:
        """Have an update worked in its chat's turn; returns once that is committed, and raises whatever kept it from being so."""
        with self._in_work(update):
            async with self._turn(update):
                await self._tried(update)

    async def until_committed(self, update: Update) -> None:
        """Have an update worked, again and again until it is committed or set aside; what came later in its chat waits."""
        wait = _FIRST_WAIT
        with self._in_work(update):
            async with self._turn(update):
                failures = 0
                while (error := await self._error_of(update)) is not None:
                    failures += not isinstance(error, DatabaseAway | TransactionConflict)
                    if failures >= _MOST_FAILURES:
                        log.error(
                            "update %s was set aside without a record: it failed %s times",
                            update.update_id,
                            failures,
                        )
                        return
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _LONGEST_WAIT)

    @contextmanager
    def _in_work(self, update: Update) -> Iterator[None]:
        """Count an update as in work during a block; one that is posted a second time meanwhile is counted once."""
        first = self._since.setdefault(update.update_id, time.monotonic())
        try:
            with received(update):
                yield
        finally:
            if self._since.get(update.update_id) == first:
                del self._since[update.update_id]

    def _turn(self, update: Update) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of an update's chat."""
        chat = update.effective_chat or update.effective_user
        return self._chat_locks.of(chat.id if chat else 0)

    async def _error_of(self, update: Update) -> Exception | None:
        """Try to have an update worked; return what kept it from being committed, None where nothing did."""
        try:
            await self._tried(update)
        except Exception as error:  # noqa: BLE001  (whatever kept it from being committed may be over soon)
            log.warning("update %s will be tried again: %s", update.update_id, error)
            return error
        return None

    async def _tried(self, update: Update) -> None:
        """Have an update worked, and again at once where its transaction met another's."""
        await retry_on_conflict(lambda: self._worked(update))

    async def _worked(self, update: Update) -> None:
        """Have an update worked by handlers that have not begun yet."""
        handlers = self._application.process_update(update)
        try:
            await self._application.update_processor.process_update(update, handlers)
        finally:
            # Where it was cancelled before the handlers began, nobody will ever await them.
            handlers.close()
