"""One update, one unit of work: worked once, in the order of its chat, committed before anything is told, told before the next."""

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

from bot.buttons import read
from bot.clock import Clock
from bot.dialogue.lines import line_of
from bot.dialogue.request import CURRENT_REQUEST, UpdateRequest
from bot.messages.actions import Answer, Delete, Edit, Send, Step, packed
from bot.messages.screen import Screen
from bot.observability.metrics import Metrics
from bot.outbox.relay import Relay
from bot.ports import BotUnitOfWork, Database
from bot.runtime.alarm import Alarm
from bot.runtime.chat_locks import SEND_LOCK_SECONDS, ChatLock, ChatLocks, finished
from bot.ui.commands import COMMANDS
from bot.ui.texts import best_language, texts_in
from bot.updates.sender import Sender, sender_of
from bot.updates.wire import shown_before, unreadable
from domain.client import Client
from domain.operations.dialogue import Dialogue
from domain.operations.incident import Trouble
from domain.operations.outbox import OutboxRow
from domain.ports import DatabaseAway, TransactionConflict
from domain.text import storable

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 64
TRIES = 3
CHANCES = 8
"""After this many conflicts or lost connections, count one failure in the database: if that works, the update is at fault."""
_ERROR_KEPT = 2000
_COUNTED_AT_ONCE = 1_000


class WorkFailed(Exception):
    """The work of an update failed for a reason of ours; nothing of it was kept."""


class UpdateProcessor(BaseUpdateProcessor):
    """Works updates as ``docs/architecture.md`` tells; returns once the work is committed, while its answer is still on the way."""

    def __init__(
        self,
        database: Database,
        chat_locks: ChatLocks,
        clock: Clock,
        alarm: Alarm,
        metrics: Metrics,
    ) -> None:
        super().__init__(SIDE_BY_SIDE)
        self._database = database
        self._chat_locks = chat_locks
        self._clock = clock
        self._answers: set[asyncio.Task[None]] = set()
        self._excuses: Counter[int] = Counter()
        self._uncounted: Counter[int] = Counter()
        self._alarm = alarm
        self._metrics = metrics
        # The relay sends through the bot, which is built with this processor: it is handed over once both are there.
        self.relay: Relay

    async def initialize(self) -> None:
        """Nothing has to be opened."""

    async def shutdown(self) -> None:
        """Let the answers on their way arrive, but not for ever: the outbox has what does not."""
        await finished(self._answers)

    def abort(self) -> None:
        """Cancel every answer in progress."""
        for task in self._answers:
            task.cancel()

    async def idle(self) -> None:
        """Wait until no answer is on its way."""
        while self._answers:
            await asyncio.gather(*self._answers, return_exceptions=True)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Work one update.

        Raises whatever kept its work from being committed; the update is then to be offered again.
        """
        try:
            if isinstance(update, Update):
                await self._received(update, coroutine)
        except TransactionConflict:
            raise
        except Exception:
            self._metrics.update_ended(update, "failed")
            raise
        finally:
            _close(coroutine)

    async def _received(self, update: Update, coroutine: Awaitable[Any]) -> None:
        """Work an update; a failure anywhere is counted, unless the database is away."""
        try:
            await self._worked_or_passed_over(update, coroutine)
        except (TransactionConflict, DatabaseAway, WorkFailed):
            raise
        except Exception as error:  # noqa: BLE001  (it is logged and counted there)
            await self._failed(update, None, error)

    async def _worked_or_passed_over(self, update: Update, coroutine: Awaitable[Any]) -> None:
        """Work an update, or pass over one that has no sender or cannot be read."""
        sender = sender_of(update)
        if sender is not None:
            # Log lines of the update and of its answer's task, which starts with a copy of this context, carry these values.
            with bound_contextvars(
                update_id=update.update_id, chat=sender.chat, **_acted_on(update)
            ):
                await self._in_turn(update, sender, coroutine)
        elif (reason := unreadable(update)) is not None:
            if await self._noted(update, reason):
                self._metrics.update_ended(update, "set_aside")
        else:
            self._metrics.update_ended(update, "worked")

    async def _noted(self, update: Update, reason: str) -> bool:
        """Have the admins told of an update that cannot be read; False where they were before. Raises DatabaseAway."""
        async with self._database.transaction() as work:
            fresh = await work.updates.begin(update.update_id, self._clock())
            if fresh:
                await work.incidents.note(Trouble.UPDATE_SET_ASIDE, reason, self._clock())
        return fresh

    async def _in_turn(self, update: Update, sender: Sender, coroutine: Awaitable[Any]) -> None:
        """Work an update in its chat's turn, which lasts until the answer was tried."""
        turn = await self._chat_locks.take(sender.chat)
        try:
            row = await self._worked(update, sender, coroutine)
        except BaseException:
            turn.release()
            raise
        if row is None:
            turn.release()
            return
        task = asyncio.create_task(self._told(row, turn))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _worked(
        self, update: Update, sender: Sender, coroutine: Awaitable[Any]
    ) -> OutboxRow | None:
        """Work an update and commit it, or count the failure; return the answer to be told, if there is one."""
        try:
            async with self._database.transaction() as work:
                fresh = await work.updates.begin(update.update_id, self._clock(), line_of(update))
                row = await self._unit(work, update, sender, coroutine) if fresh else None
                due = work.outbox.earliest
        except (TransactionConflict, DatabaseAway) as error:
            if self._excused(update):
                raise
            return await self._failed(update, sender, error)
        except Exception as error:  # noqa: BLE001  (it is logged and counted there)
            return await self._failed(update, sender, error)
        self._excuses.pop(update.update_id, None)
        self._metrics.update_ended(update, "worked" if fresh else "repeated")
        if not fresh:
            log.info("update %s was worked before", update.update_id)
        if due is not None:
            self._alarm.at(due)
        return row

    async def _unit(
        self, work: BotUnitOfWork, update: Update, sender: Sender, coroutine: Awaitable[Any]
    ) -> OutboxRow | None:
        """Load the unit, run the handlers, save what they left."""
        now = self._clock()
        request = await _loaded(work, update, sender, now)
        stood = request.dialogue
        if _is_command(update):
            request.left = stood.flow is not None
            request.leave()
        token = CURRENT_REQUEST.set(request)
        try:
            await coroutine
        finally:
            CURRENT_REQUEST.reset(token)
        if request.error is not None:
            raise request.error
        standing = request.dialogue if request.dialogue.flow else Dialogue()
        if standing != stood:
            await work.dialogues.save(sender.contact.id, standing, now)
        steps = _ordered(request, update)
        if not steps:
            return None
        # The answer to a tap is sent first and by this process, so a tap's row is never queued from the start.
        queued = update.callback_query is None and self.relay.must_queue(sender.chat)
        return await work.outbox.reply(sender.chat, packed(steps), now, queued=queued)

    def _excused(self, update: Update) -> bool:
        """Tell whether an update may be offered again without being counted; every few times it may not."""
        _forget_if_many(self._excuses)
        self._excuses[update.update_id] += 1
        if self._excuses[update.update_id] < CHANCES:
            return True
        del self._excuses[update.update_id]
        return False

    async def _told(self, row: OutboxRow, turn: ChatLock) -> None:
        """Tell an answer for the first time, and end the chat's turn; what has to wait is told by the sweep."""
        with turn.lasting(SEND_LOCK_SECONDS):
            try:
                await self.relay.reply(row)
            except Exception:
                log.exception("an answer was left to the sweep")

    async def _failed(
        self, update: Update, sender: Sender | None, error: Exception
    ) -> OutboxRow | None:
        """Count a failure. After a few the update is set aside and its sender told; before, it is to be offered again."""
        log.error("update %s failed", update.update_id, exc_info=error)
        try:
            set_aside, row = await self._counted(update, sender, error)
        except (TransactionConflict, DatabaseAway):
            raise
        except Exception:
            log.exception(
                "the failure of update %s could not be counted in the database", update.update_id
            )
            set_aside, row = self._is_last_try(update), None
        if not set_aside:
            raise WorkFailed(f"update {update.update_id}") from error
        self._metrics.update_ended(update, "set_aside")
        return row

    async def _counted(
        self, update: Update, sender: Sender | None, error: Exception
    ) -> tuple[bool, OutboxRow | None]:
        """Count a failure in the database; return whether the update is set aside, and what its sender is told then."""
        now = self._clock()
        async with self._database.transaction() as work:
            if not await work.updates.failed(update.update_id, _described(error), now, limit=TRIES):
                return False, None
            await work.updates.begin(update.update_id, now)
            await work.incidents.note(Trouble.UPDATE_SET_ASIDE, type(error).__name__, now)
            return True, await _apologised(work, update, sender, now) if sender else None

    def _is_last_try(self, update: Update) -> bool:
        """Count a failure in memory where the database cannot; tell whether the update is to be set aside."""
        _forget_if_many(self._uncounted)
        self._uncounted[update.update_id] += 1
        if self._uncounted[update.update_id] < TRIES:
            return False
        del self._uncounted[update.update_id]
        return True


def _forget_if_many(counts: Counter[int]) -> None:
    """Forget counts of updates that are perhaps never offered again; those that are, are counted from the beginning."""
    if len(counts) > _COUNTED_AT_ONCE:
        counts.clear()


def _described(error: Exception) -> str:
    """Return an error in words that the database can keep."""
    return storable(f"{type(error).__name__}: {error}"[:_ERROR_KEPT])


def _acted_on(update: Update) -> dict[str, int]:
    """Return the reservation that a tapped button is for, as it stands in a log; nothing where it is for none."""
    choice = read(update.callback_query.data) if update.callback_query else None
    number = getattr(choice, "reservation", 0) or getattr(choice, "moving", 0)
    return {"reservation": number} if number else {}


async def _loaded(
    work: BotUnitOfWork, update: Update, sender: Sender, now: datetime
) -> UpdateRequest:
    """Return the unit of an update, with the person and their dialogue as they stand."""
    person = await _person(work, sender, now)
    query = update.callback_query
    message = query.message if query else None
    return UpdateRequest(
        uow=work,
        now=now,
        contact=sender.contact,
        person=person,
        dialogue=Dialogue() if sender.passing else await work.dialogues.get(person.id),
        tapped=message.message_id if message else None,
        before=shown_before(update),
    )


async def _person(work: BotUnitOfWork, sender: Sender, now: datetime) -> Client:
    """Return the person who sent an update, as the database knows them from now on."""
    if sender.passing:
        return await work.clients.get(sender.contact.id) or sender.stranger
    return await work.clients.record_contact(sender.contact, now)


def _is_command(update: Update) -> bool:
    """Tell whether an update is a command of ours, which ends whatever dialogue the person is in; a slip of the pen ends none."""
    message = update.message
    if message is None or not message.text or message.chat.type != ChatType.PRIVATE:
        return False
    first, *_ = message.text.split() or [""]
    return first.startswith("/") and first[1:].partition("@")[0].lower() in COMMANDS


def _ordered(request: UpdateRequest, update: Update) -> list[Step]:
    """Return the steps in the order in which a repeat does no harm; a tap is always answered, and first."""
    order = {Edit: 0, Delete: 1, Send: 2}
    steps = sorted(request.steps, key=lambda step: order.get(type(step), 3))
    if update.callback_query:
        text, alert = request.answer or (None, False)
        steps.insert(0, Answer(update.callback_query.id, text, alert))
    return steps


async def _apologised(
    work: BotUnitOfWork, update: Update, sender: Sender, now: datetime
) -> OutboxRow | None:
    """Leave an apology to be told; where even that fails, the update is set aside all the same."""
    try:
        async with work.savepoint():
            person = await _person(work, sender, now)
            t = texts_in(best_language(person.language, person.telegram_language))
            return await work.outbox.reply(
                sender.chat, packed(_apology(update, t.plain("error.ours"))), now
            )
    except Exception:
        log.exception("nobody can be told that update %s was set aside", update.update_id)
        return None


def _apology(update: Update, text: str) -> list[Step]:
    """Return how to tell a person that the bot failed."""
    return (
        [Answer(update.callback_query.id, text, alert=True)]
        if update.callback_query
        else [Send(Screen(text))]
    )


def _close(coroutine: Awaitable[Any]) -> None:
    """Close a coroutine that may never have been awaited, so that Python does not warn of it."""
    if hasattr(coroutine, "close"):
        coroutine.close()
