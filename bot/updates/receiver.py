"""Takes updates one at a time for each chat, has them processed, and retries them.

Polling and the webhook share this module.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars
from telegram import Bot, Update

from bot.buttons.base import read as read_button
from bot.observability.metrics import Metrics
from bot.observability.update_timing import received
from bot.runtime.chat_locks import ChatLock, ChatLocks
from bot.updates.processor import UpdateProcessor
from bot.updates.reply import Replies, Reply
from bot.updates.wire import Raw, read, unreadable
from domain.failures import DatabaseAway, TransactionConflict
from domain.operations.backoff import Backoff
from domain.operations.database_retry import retry_on_conflict

log = logging.getLogger(__name__)

_RETRY = Backoff(0.5, maximum=30.0)
# The processor sets an update aside after fewer failures; this limit is for its own failures.
_MAX_FAILURES = 8


class Receiver:
    """Takes updates through the pipeline: their chat's lock, the processor, then the reply.

    Updates wait for their chat's lock before they take one of the processor's slots. So a person
    who floods the bot occupies one slot only.
    """

    def __init__(
        self,
        bot: Bot,
        chat_locks: ChatLocks,
        processor: UpdateProcessor,
        replies: Replies,
        metrics: Metrics,
    ) -> None:
        self._bot = bot
        self._chat_locks = chat_locks
        self._processor = processor
        self._replies = replies
        self._metrics = metrics
        self._started_at: dict[int, float] = {}

    @property
    def oldest_age(self) -> float:
        """For how many seconds the oldest update has been in progress; 0 if there is none."""
        if not self._started_at:
            return 0.0
        return time.monotonic() - min(self._started_at.values())

    def read(self, raw: Raw) -> Update:
        """Parse an update; log an error if it cannot be read."""
        update = read(raw, self._bot)
        if (reason := unreadable(update)) is not None:
            log.error("update %s cannot be read and was set aside: %s", update.update_id, reason)
        return update

    async def process(self, update: Update) -> None:
        """Process an update in the order of its chat, and return after its commit.

        Raises the error that prevented the commit.
        """
        await self._in_chat(update, self._attempt)

    async def process_until_committed(self, update: Update) -> None:
        """Process an update until it is committed or set aside; later updates of its chat wait."""
        await self._in_chat(update, self._attempt_until_committed)

    async def _in_chat(
        self, update: Update, process: Callable[[Update, ChatLock], Awaitable[Reply | None]]
    ) -> None:
        """Process an update under its chat's lock, which is held until the reply was tried."""
        # The reply's task copies this context, so its log lines carry these fields too.
        with self._in_progress(update), bound_contextvars(**_log_fields(update)):
            chat_lock = await self._chat_locks.acquire_for_update(_chat_of(update))
            try:
                reply = await process(update, chat_lock)
            except BaseException:
                chat_lock.release()
                raise
            self._replies.start(reply, chat_lock)

    async def _attempt(self, update: Update, chat_lock: ChatLock) -> Reply | None:
        """Process an update once, or again at once if its transaction conflicts with another."""
        try:
            await chat_lock.exclude_replicas()
            return await retry_on_conflict(lambda: self._processor.process(update))
        except TransactionConflict:
            raise
        except Exception:
            self._metrics.update_ended(update, "failed")
            raise

    async def _attempt_until_committed(self, update: Update, chat_lock: ChatLock) -> Reply | None:
        """Process an update, and again after growing waits; give up after too many failures."""
        failures = 0
        for wait in _RETRY.waits():
            try:
                return await self._attempt(update, chat_lock)
            except Exception as error:  # noqa: BLE001  (any error may be gone at the next try)
                log.warning("update %s will be tried again: %s", update.update_id, error)
                failures += not isinstance(error, DatabaseAway | TransactionConflict)
            if failures >= _MAX_FAILURES:
                break
            await chat_lock.pause(wait)
        log.error(
            "update %s was set aside without a record: it failed %s times",
            update.update_id,
            failures,
        )
        return None

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


def _chat_of(update: Update) -> int:
    """Return the chat in whose order an update is processed; 0 if it has none."""
    chat = update.effective_chat or update.effective_user
    return chat.id if chat else 0


def _log_fields(update: Update) -> dict[str, int]:
    """Return the log fields of an update: its number, its chat and the tapped reservation."""
    choice = read_button(update.callback_query.data) if update.callback_query else None
    reservation = getattr(choice, "reservation", 0) or getattr(choice, "moving", 0)
    fields = {"update_id": update.update_id, "chat": _chat_of(update), "reservation": reservation}
    return {name: number for name, number in fields.items() if number}
