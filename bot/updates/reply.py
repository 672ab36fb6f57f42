"""The reply to an update: stored with its work, and sent after the commit."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from telegram import Update

from bot.dialogue.request import UpdateRequest
from bot.messages.actions import Action, Answer, Delete, Edit, Send, answers_tap, to_payload
from bot.outbox.relay import Relay
from bot.ports import BotUnitOfWork
from bot.runtime.chat_locks import SEND_LOCK_SECONDS, ChatLock
from bot.runtime.tasks import drain
from bot.updates.update_sender import Sender
from domain.operations.outbox import OutboxRow
from domain.person import Person

log = logging.getLogger(__name__)

_ORDER = {Answer: 0, Edit: 1, Delete: 2, Send: 3}


@dataclass(frozen=True, slots=True)
class Reply:
    """The actions of an update, and the outbox row that keeps them in case of a crash."""

    row: OutboxRow
    actions: Sequence[Action]


def ordered_actions(request: UpdateRequest, update: Update) -> list[Action]:
    """Return the steps in an order in which repeats do no harm; a tap is always answered first."""
    actions = list(request.actions)
    if update.callback_query:
        text, alert = request.answer or (None, False)
        actions.append(Answer(update.callback_query.id, text, alert))
    return sorted(actions, key=lambda step: _ORDER.get(type(step), len(_ORDER)))


async def store_reply(
    uow: BotUnitOfWork,
    sender: Sender,
    person: Person,
    actions: Sequence[Action],
    now: datetime,
    *,
    queued: bool = False,
) -> Reply:
    """Put a reply into the outbox. In a group it has no recipient: nothing is stored about them."""
    recipient = None if sender.passing else person.id
    row = await uow.outbox.reply(
        sender.chat,
        recipient,
        to_payload(actions),
        now,
        queued=queued,
        answers_tap=answers_tap(actions),
    )
    return Reply(row, actions)


class Replies:
    """Passes committed replies to the relay, and releases the locks of their chats."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, reply: Reply | None, chat_lock: ChatLock) -> None:
        """Start to send a reply; its chat's lock is released afterwards, or after a second."""
        if reply is None:
            chat_lock.release()
            return
        task = asyncio.create_task(self._send(reply, chat_lock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step does not run at all.
        task.add_done_callback(lambda _: chat_lock.release())

    def abort(self) -> None:
        """Cancel every reply in progress; the outbox keeps it."""
        for task in self._tasks:
            task.cancel()

    async def idle(self) -> None:
        """Wait until no reply is being sent."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def shutdown(self) -> None:
        """Let replies arrive for a few seconds; the outbox keeps the rest."""
        await drain(self._tasks)

    async def _send(self, reply: Reply, chat_lock: ChatLock) -> None:
        """Try to send a reply; the outbox sends what is left."""
        with chat_lock.hold_at_most(SEND_LOCK_SECONDS):
            try:
                await self._relay.reply(reply.row, reply.actions)
            except Exception:
                log.exception("a reply failed and is left to the next sweep")
