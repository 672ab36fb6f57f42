"""Processes an update as one unit of work: once, and committed before the reply."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telegram import Update
from telegram.ext import Application

from bot.clock import Clock
from bot.dialogue.lines import line_of
from bot.dialogue.request import CURRENT_REQUEST, UpdateRequest
from bot.observability.metrics import Metrics, UpdateOutcome
from bot.outbox.relay import Relay
from bot.ports import BotUnitOfWork, Database
from bot.runtime.alarm import Alarm
from bot.updates.failures import Failures, record_unreadable
from bot.updates.load import dialogue_to_store, end_dialogue, load_request
from bot.updates.reply import Reply, ordered_actions, store_reply
from bot.updates.update_sender import Sender, sender_of
from bot.updates.wire import unreadable

log = logging.getLogger(__name__)

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

MAX_CONCURRENT_UPDATES = 64


@dataclass(frozen=True, slots=True)
class _Committed:
    """The outcome of an update, its reply, and when the first message that it caused is due."""

    outcome: UpdateOutcome
    reply: Reply | None = None
    due: datetime | None = None


class UpdateProcessor:
    """Processes updates as described in ``docs/architecture.md``, many at the same time.

    The caller holds the lock of the update's chat.
    """

    def __init__(
        self,
        application: AnyApplication,
        database: Database,
        relay: Relay,
        clock: Clock,
        alarm: Alarm,
        metrics: Metrics,
        admin_ids: Collection[int],
    ) -> None:
        self._application = application
        self._database = database
        self._relay = relay
        self._clock = clock
        self._alarm = alarm
        self._metrics = metrics
        self._admin_ids = admin_ids
        self._failures = Failures(database, admin_ids, clock)
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_UPDATES)
        self._in_progress = 0

    @property
    def in_progress(self) -> int:
        """How many updates occupy a slot."""
        return self._in_progress

    async def process(self, update: Update) -> Reply | None:
        """Process one update, and return the reply that was committed with it, if there is one.

        Raises the error that prevented the commit. The update must then be offered again.
        """
        async with self._slots:
            self._in_progress += 1
            try:
                committed = await self._commit_or_set_aside(update)
            finally:
                self._in_progress -= 1
        self._metrics.update_ended(update, committed.outcome)
        if committed.due is not None:
            self._alarm.at(committed.due)
        return committed.reply

    async def _commit_or_set_aside(self, update: Update) -> _Committed:
        """Commit an update, or set it aside if it has failed too often."""
        try:
            committed = await self._commit(update)
        except Exception as error:
            if self._failures.may_retry(update, error):
                raise
            return _Committed("set_aside", await self._failures.count(update, error))
        self._failures.forget(update)
        return committed

    async def _commit(self, update: Update) -> _Committed:
        """Process an update in a transaction, unless it has no sender or was processed before."""
        if (sender := sender_of(update)) is None:
            return await self._skip(update)
        async with self._database.transaction() as uow:
            if not await uow.updates.begin(update.update_id, self._clock(), line_of(update)):
                log.info("update %s was processed before", update.update_id)
                return _Committed("repeated")
            reply = await self._handle(uow, update, sender)
            return _Committed("worked", reply, uow.outbox.earliest)

    async def _handle(self, uow: BotUnitOfWork, update: Update, sender: Sender) -> Reply | None:
        """Load the request, run the handlers, and save the dialogue and the reply."""
        now = self._clock()
        request = await load_request(uow, update, sender, self._admin_ids, now)
        loaded = request.open_list or request.dialogue
        end_dialogue(request, update)
        await self._route(update, request)
        if (dialogue := dialogue_to_store(request)) != loaded:
            await uow.dialogues.save(request.person.id, dialogue, now)
        if not (actions := ordered_actions(request, update)):
            return None
        # A tap is answered first and by this process, so its row is never queued from the start.
        queued = update.callback_query is None and self._relay.must_queue(sender.chat)
        return await store_reply(uow, sender, request.person, actions, now, queued=queued)

    async def _route(self, update: Update, request: UpdateRequest) -> None:
        """Run the handlers of an update; raise their error, unless it was a refusal."""
        token = CURRENT_REQUEST.set(request)
        try:
            await self._application.process_update(update)
        finally:
            CURRENT_REQUEST.reset(token)
        if request.error is not None:
            raise request.error

    async def _skip(self, update: Update) -> _Committed:
        """Skip an update without a sender; record an incident if it cannot be read."""
        if (reason := unreadable(update)) is None:
            return _Committed("worked")
        async with self._database.transaction() as uow:
            is_new = await record_unreadable(uow, update, reason, self._clock())
        return _Committed("set_aside" if is_new else "repeated")
