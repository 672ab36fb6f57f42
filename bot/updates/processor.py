"""Processes an update as one unit of work: once, in its chat's order, committed before the reply.

The reply is tried before the chat's next update is processed.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from structlog.contextvars import bound_contextvars
from telegram import Update
from telegram.constants import ChatType
from telegram.ext import BaseUpdateProcessor

from bot.buttons.base import read
from bot.clock import Clock
from bot.dialogue.lines import line_of
from bot.dialogue.request import CURRENT_REQUEST, LIST_FLOW, UpdateRequest
from bot.messages.actions import Action, Answer, Delete, Edit, Send, to_payload
from bot.messages.screen import Screen
from bot.observability.metrics import Metrics
from bot.outbox.relay import Relay
from bot.ports import BotUnitOfWork, Database
from bot.runtime.alarm import Alarm
from bot.runtime.chat_locks import SEND_LOCK_SECONDS, ChatLock, ChatLocks
from bot.runtime.tasks import drain
from bot.ui.command_menu import COMMANDS
from bot.ui.texts import best_language, texts_in
from bot.updates.update_sender import Sender, sender_of
from bot.updates.wire import shown_before, unreadable
from domain.operations.dialogue import Dialogue
from domain.operations.incident import IncidentKind
from domain.operations.outbox import OutboxRow
from domain.person import Person
from domain.ports import DatabaseAway, TransactionConflict
from domain.text import storable

log = logging.getLogger(__name__)

MAX_CONCURRENT_UPDATES = 64
MAX_ATTEMPTS = 3
RETRIES_PER_FAILURE = 8
"""After so many conflicts or lost connections, an update counts as failed once.

If the database can record that failure, the update itself is at fault.
"""
_MAX_ERROR_LENGTH = 2000
_MAX_COUNTERS = 1_000


class UpdateFailed(Exception):
    """An update failed because of a bug or an outage; nothing of it was committed."""


class UpdateProcessor(BaseUpdateProcessor):
    """Processes updates as described in ``docs/architecture.md``.

    Returns after the commit, while the reply is still being sent.
    """

    def __init__(
        self,
        database: Database,
        chat_locks: ChatLocks,
        clock: Clock,
        alarm: Alarm,
        metrics: Metrics,
    ) -> None:
        super().__init__(MAX_CONCURRENT_UPDATES)
        self._database = database
        self._chat_locks = chat_locks
        self._clock = clock
        self._replies: set[asyncio.Task[None]] = set()
        self._retries: Counter[int] = Counter()
        self._failures: Counter[int] = Counter()
        self._alarm = alarm
        self._metrics = metrics
        # The relay needs the bot, and the bot needs this processor: the relay is set afterwards.
        self.relay: Relay

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def shutdown(self) -> None:
        """Let replies arrive for a few seconds; the outbox keeps the rest."""
        await drain(self._replies)

    def abort(self) -> None:
        """Cancel every reply in progress."""
        for task in self._replies:
            task.cancel()

    async def idle(self) -> None:
        """Wait until no reply is being sent."""
        while self._replies:
            await asyncio.gather(*self._replies, return_exceptions=True)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Process one update.

        Raises the error that prevented the commit. Telegram must then offer the update again.
        """
        try:
            if isinstance(update, Update):
                await self._process(update, coroutine)
        except TransactionConflict:
            raise
        except Exception:
            self._metrics.update_ended(update, "failed")
            raise
        finally:
            _close(coroutine)

    async def _process(self, update: Update, coroutine: Awaitable[Any]) -> None:
        """Process an update, and count any failure unless the database is unavailable."""
        try:
            await self._process_or_skip(update, coroutine)
        except (TransactionConflict, DatabaseAway, UpdateFailed):
            raise
        except Exception as error:  # noqa: BLE001  (it is logged and counted there)
            await self._failed(update, None, error)

    async def _process_or_skip(self, update: Update, coroutine: Awaitable[Any]) -> None:
        """Process an update, or skip it if it has no sender or cannot be read."""
        sender = sender_of(update)
        if sender is not None:
            # The reply's task copies this context, so its log lines carry these fields too.
            with bound_contextvars(
                update_id=update.update_id, chat=sender.chat, **_reservation_of(update)
            ):
                await self._process_in_chat(update, sender, coroutine)
        elif (reason := unreadable(update)) is not None:
            if await self._record_unreadable(update, reason):
                self._metrics.update_ended(update, "set_aside")
        else:
            self._metrics.update_ended(update, "worked")

    async def _record_unreadable(self, update: Update, reason: str) -> bool:
        """Record an incident for an update that cannot be read.

        Returns False if that was done before. Raises DatabaseAway.
        """
        async with self._database.transaction() as uow:
            is_new = await uow.updates.begin(update.update_id, self._clock())
            if is_new:
                await uow.incidents.note(IncidentKind.UPDATE_SET_ASIDE, reason, self._clock())
        return is_new

    async def _process_in_chat(
        self, update: Update, sender: Sender, coroutine: Awaitable[Any]
    ) -> None:
        """Process an update under its chat's lock, which is held until the reply was tried."""
        chat_lock = await self._chat_locks.acquire(sender.chat)
        try:
            row = await self._commit_or_fail(update, sender, coroutine)
        except BaseException:
            chat_lock.release()
            raise
        if row is None:
            chat_lock.release()
            return
        task = asyncio.create_task(self._reply(row, chat_lock))
        self._replies.add(task)
        task.add_done_callback(self._replies.discard)

    async def _commit_or_fail(
        self, update: Update, sender: Sender, coroutine: Awaitable[Any]
    ) -> OutboxRow | None:
        """Process an update and commit it, or count the failure; return the reply, if any."""
        try:
            async with self._database.transaction() as uow:
                is_new = await uow.updates.begin(update.update_id, self._clock(), line_of(update))
                row = await self._handle(uow, update, sender, coroutine) if is_new else None
                due = uow.outbox.earliest
        except (TransactionConflict, DatabaseAway) as error:
            if self._may_retry(update):
                raise
            return await self._failed(update, sender, error)
        except Exception as error:  # noqa: BLE001  (it is logged and counted there)
            return await self._failed(update, sender, error)
        self._retries.pop(update.update_id, None)
        self._metrics.update_ended(update, "worked" if is_new else "repeated")
        if not is_new:
            log.info("update %s was processed before", update.update_id)
        if due is not None:
            self._alarm.at(due)
        return row

    async def _handle(
        self, uow: BotUnitOfWork, update: Update, sender: Sender, coroutine: Awaitable[Any]
    ) -> OutboxRow | None:
        """Load the request, run the handlers, and save the dialogue and the reply."""
        now = self._clock()
        request = await _load(uow, update, sender, now)
        before = request.open_list or request.dialogue
        request.leave_tapped_list()
        if _is_command(update):
            request.left = request.dialogue.flow is not None
            request.leave()
        token = CURRENT_REQUEST.set(request)
        try:
            await coroutine
        finally:
            CURRENT_REQUEST.reset(token)
        if request.error is not None:
            raise request.error
        after = request.dialogue if request.dialogue.flow else request.open_list or Dialogue()
        if after != before:
            await uow.dialogues.save(request.person.id, after, now)
        actions = _ordered(request, update)
        if not actions:
            return None
        # A tap is answered first and by this process, so its row is never queued from the start.
        queued = update.callback_query is None and self.relay.must_queue(sender.chat)
        return await uow.outbox.reply(
            sender.chat, _recipient(sender, request.person), to_payload(actions), now, queued=queued
        )

    def _may_retry(self, update: Update) -> bool:
        """Return whether an update may be offered again without counting a failure."""
        _clear_if_large(self._retries)
        self._retries[update.update_id] += 1
        if self._retries[update.update_id] < RETRIES_PER_FAILURE:
            return True
        del self._retries[update.update_id]
        return False

    async def _reply(self, row: OutboxRow, chat_lock: ChatLock) -> None:
        """Try to send a reply, and release the chat's lock; the outbox sends what is left."""
        with chat_lock.hold_at_most(SEND_LOCK_SECONDS):
            try:
                await self.relay.reply(row)
            except Exception:
                log.exception("a reply failed and is left to the next sweep")

    async def _failed(
        self, update: Update, sender: Sender | None, error: Exception
    ) -> OutboxRow | None:
        """Count a failure, and set the update aside after a few; return the apology, if any.

        Raises:
            UpdateFailed: the update is to be offered again.
        """
        log.error("update %s failed", update.update_id, exc_info=error)
        try:
            set_aside, row = await self._count_failure(update, sender, error)
        except (TransactionConflict, DatabaseAway):
            raise
        except Exception:
            log.exception(
                "the failure of update %s could not be counted in the database", update.update_id
            )
            set_aside, row = self._is_last_attempt(update), None
        if not set_aside:
            raise UpdateFailed(f"update {update.update_id}") from error
        self._metrics.update_ended(update, "set_aside")
        return row

    async def _count_failure(
        self, update: Update, sender: Sender | None, error: Exception
    ) -> tuple[bool, OutboxRow | None]:
        """Count a failure in the database.

        Returns whether the update is set aside, and the apology to its sender.
        """
        now, number, details = self._clock(), update.update_id, _error_details(error)
        async with self._database.transaction() as uow:
            if not await uow.updates.failed(number, details, now, limit=MAX_ATTEMPTS):
                return False, None
            await uow.updates.begin(number, now)
            await uow.incidents.note(IncidentKind.UPDATE_SET_ASIDE, type(error).__name__, now)
            return True, await _apologise(uow, update, sender, now) if sender else None

    def _is_last_attempt(self, update: Update) -> bool:
        """Count a failure in memory; return whether the update is to be set aside."""
        _clear_if_large(self._failures)
        self._failures[update.update_id] += 1
        if self._failures[update.update_id] < MAX_ATTEMPTS:
            return False
        del self._failures[update.update_id]
        return True


def _clear_if_large(counts: Counter[int]) -> None:
    """Clear the counts if they are many; updates that are offered again start from zero."""
    if len(counts) > _MAX_COUNTERS:
        counts.clear()


def _error_details(error: Exception) -> str:
    """Return an error as a text that the database can store."""
    return storable(f"{type(error).__name__}: {error}"[:_MAX_ERROR_LENGTH])


def _reservation_of(update: Update) -> dict[str, int]:
    """Return the log field of a tapped button's reservation, empty if it has none."""
    choice = read(update.callback_query.data) if update.callback_query else None
    number = getattr(choice, "reservation", 0) or getattr(choice, "moving", 0)
    return {"reservation": number} if number else {}


async def _load(uow: BotUnitOfWork, update: Update, sender: Sender, now: datetime) -> UpdateRequest:
    """Return the request of an update, with the person and their dialogue from the database."""
    person = await _person(uow, sender, now)
    query = update.callback_query
    message = query.message if query else None
    stored = Dialogue() if sender.passing else await uow.dialogues.get(person.id)
    is_list = stored.flow == LIST_FLOW
    return UpdateRequest(
        uow=uow,
        now=now,
        chat=sender.chat,
        contact=sender.contact,
        person=person,
        dialogue=Dialogue() if is_list else stored,
        open_list=stored if is_list else None,
        tapped=message.message_id if message else None,
        before=shown_before(update),
    )


async def _person(uow: BotUnitOfWork, sender: Sender, now: datetime) -> Person:
    """Return the sender as the database knows them, after storing their contact details.

    If they were unreachable, they get what they missed.
    """
    if sender.passing:
        return sender.stranger
    person = await uow.people.record_contact(sender.contact, now)
    if person.unreachable_since is not None:
        await uow.outbox.resume(person, now)
    return person


def _recipient(sender: Sender, person: Person) -> int | None:
    """Return the person whom an answer is for, None in a group: nothing is stored about them."""
    return None if sender.passing else person.id


def _is_command(update: Update) -> bool:
    """Return whether an update is one of the bot's commands, which end any dialogue.

    A mistyped command ends no dialogue.
    """
    message = update.message
    if message is None or not message.text or message.chat.type != ChatType.PRIVATE:
        return False
    first, *_ = message.text.split() or [""]
    return first.startswith("/") and first[1:].partition("@")[0].lower() in COMMANDS


def _ordered(request: UpdateRequest, update: Update) -> list[Action]:
    """Return the steps in an order in which repeats do no harm; a tap is always answered first."""
    order = {Edit: 0, Delete: 1, Send: 2}
    actions = sorted(request.actions, key=lambda step: order.get(type(step), 3))
    if update.callback_query:
        text, alert = request.answer or (None, False)
        actions.insert(0, Answer(update.callback_query.id, text, alert))
    return actions


async def _apologise(
    uow: BotUnitOfWork, update: Update, sender: Sender, now: datetime
) -> OutboxRow | None:
    """Put an apology into the outbox; if that fails, the update is set aside without one."""
    try:
        async with uow.savepoint():
            person = await _person(uow, sender, now)
            t = texts_in(best_language(person.language, person.telegram_language))
            payload = to_payload(_apology(update, t.plain("error.ours")))
            return await uow.outbox.reply(sender.chat, _recipient(sender, person), payload, now)
    except Exception:
        log.exception("the sender of update %s gets no apology", update.update_id)
        return None


def _apology(update: Update, text: str) -> list[Action]:
    """Return the steps that tell a person that the bot failed."""
    return (
        [Answer(update.callback_query.id, text, alert=True)]
        if update.callback_query
        else [Send(Screen(text))]
    )


def _close(coroutine: Awaitable[Any]) -> None:
    """Close a coroutine, so that Python does not warn if it was never awaited."""
    if hasattr(coroutine, "close"):
        coroutine.close()
