"""Records what became of the delivery of an outbox row."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from bot.clock import Clock
from bot.messages.actions import Action, Delete, Edit, Send, from_payload, to_payload
from bot.notifications.render import Rendering
from bot.observability.metrics import Metrics
from bot.observability.redaction import redact
from bot.ports import BotUnitOfWork, Database
from domain.notification import Notification
from domain.operations.backoff import Backoff
from domain.operations.database_retry import retry_while_unavailable
from domain.operations.incident import IncidentKind
from domain.operations.outbox import CARD, DIGEST, MISSED, REPLY, OutboxRow
from domain.usecases.reachability import mark_unreachable

Result = TypeVar("Result")

log = logging.getLogger(__name__)

# How long a row in flight waits for an unavailable database. Shorter than a lease of a minute, so
# nothing else claims the row in the meantime.
DATABASE_SECONDS = 45.0
_RETRY = Backoff(1.0, maximum=300.0)

Shown = list[tuple[Action, int | None]]
"""The finished steps of a row, each with the number of the message that shows it now."""


@dataclass(slots=True)
class Progress:
    """The steps of a row, and those that are finished."""

    steps: Sequence[Action] = ()
    shown: Shown = field(default_factory=list)

    @property
    def unfinished(self) -> Sequence[Action]:
        """The steps that are left."""
        return self.steps[len(self.shown) :]


class DeliveryResults:
    """Stores the results of deliveries, each in one transaction with the message numbers."""

    def __init__(
        self, database: Database, clock: Clock, metrics: Metrics, admin_ids: frozenset[int]
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._admin_ids = admin_ids

    async def settle(self, row: OutboxRow, rendering: Rendering, shown: Shown) -> datetime | None:
        """Record the result of a row and the new message numbers in one transaction.

        Returns when the chat's next row falls due.
        """
        now = self._clock()
        state: Literal["sent", "skipped"] = "skipped" if rendering.actions is None else "sent"

        async def record(uow: BotUnitOfWork) -> datetime | None:
            await _record_messages(uow, row, shown, now)
            for broken, error in rendering.broken:
                await _park_row(uow, broken, error, IncidentKind.MESSAGE_BROKEN, now)
            if rendering.last_covered:
                await uow.outbox.settle_withheld(
                    row.chat_id, rendering.covers, rendering.last_covered, now
                )
            return await uow.outbox.record_result(row, state, now)

        next_due = await self.write(record)
        self._metrics.delivered(row.kind, state)
        return next_due

    async def park(
        self, row: OutboxRow, shown: Shown, error: str, incident: IncidentKind
    ) -> datetime | None:
        """Park a row that can never be delivered, and record an incident for the admins.

        Returns when the same person's next row falls due.
        """
        now = self._clock()

        async def park(uow: BotUnitOfWork) -> datetime | None:
            await _record_messages(uow, row, shown, now)
            if row.kind == MISSED:
                await uow.outbox.requeue_withheld(row.chat_id, now)
            if row.kind == REPLY:
                numbers = await _cards_in(uow, row.chat_id, row.payload or {})
                await _refresh_cards(uow, row, numbers, now)
            return await _park_row(uow, row, error, incident, now)

        next_due = await self.write(park)
        self._metrics.delivered(row.kind, "parked")
        return next_due

    async def withhold(self, row: OutboxRow, shown: Shown, error: str) -> None:
        """Mark a person as unreachable, and withhold their notifications until they return.

        Their replies are dropped. The cards that these were to change are refreshed then.
        ``shown`` are the steps of the row that were finished.
        """
        log.info("recipient unreachable: %s", error)
        now = self._clock()

        async def withhold(uow: BotUnitOfWork) -> None:
            await _record_messages(uow, row, shown, now)
            if row.reservation_id is not None:
                await uow.outbox.keep(row, row.withheld())
            if row.recipient_id is not None:
                await mark_unreachable(uow, row.recipient_id, self._admin_ids, now)
            for payload in await uow.outbox.drop_replies(row.chat_id):
                numbers = await _cards_in(uow, row.chat_id, payload)
                await _refresh_cards(uow, row, numbers, now)
            await uow.outbox.withhold(row.chat_id, now, error)

        await self.write(withhold)
        self._metrics.delivered(row.kind, "unreachable")

    async def postpone(
        self,
        row: OutboxRow,
        error: str,
        progress: Progress,
        wait: timedelta | None,
        *,
        attempted: bool = True,
    ) -> datetime:
        """Postpone the remaining steps of a row; return until when.

        Without a ``wait`` from Telegram, it doubles from one second to five minutes.
        """
        unsent = wait is not None or not attempted
        wait = wait or timedelta(seconds=_RETRY.wait(row.attempts))
        log.warning("a %s waits %.0f s: %s", row.kind, wait.total_seconds(), error)
        now = self._clock()
        until = now + wait

        async def postpone(uow: BotUnitOfWork) -> None:
            await _record_messages(uow, row, progress.shown, now)
            if row.kind == REPLY and progress.shown:
                await uow.outbox.keep(row, to_payload(progress.unfinished))
            elif unsent and row.reservation_id is not None:
                await uow.outbox.keep(row, row.refused())
            await uow.outbox.postpone(row, until, error)

        await self.write(postpone)
        self._metrics.delivered(row.kind, "postponed")
        return until

    async def record_unsent(self, row: OutboxRow) -> None:
        """Record that a try of a notification sent nothing."""
        if row.reservation_id is not None:
            await self.write(lambda uow: uow.outbox.keep(row, row.refused()))

    async def write(self, do: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Write in a transaction, retrying while the database is unavailable.

        A result that is not written means that the message is sent again.
        """
        return await retry_while_unavailable(
            lambda: self._database.write(do), seconds=DATABASE_SECONDS
        )

    async def read(self, ask: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Read in a snapshot, retrying while the database is unavailable."""

        async def attempt() -> Result:
            async with self._database.snapshot() as uow:
                return await ask(uow)

        return await retry_while_unavailable(attempt, seconds=DATABASE_SECONDS)


async def _park_row(
    uow: BotUnitOfWork, row: OutboxRow, error: str, incident: IncidentKind, now: datetime
) -> datetime | None:
    """Park a row and record an incident; return when the same person's next row falls due."""
    # A summary of incidents that cannot be sent must not cause another summary.
    if row.kind != DIGEST:
        await uow.incidents.note(incident, redact(error.partition(":")[0]), now)
    return await uow.outbox.record_result(row, "parked", now, error)


async def _cards_in(uow: BotUnitOfWork, chat: int, payload: Mapping[str, object]) -> set[int]:
    """Return the reservations whose messages a reply changes; none if it cannot be read."""
    found, steps = set[int | None](), list[Action]()
    with suppress(KeyError, TypeError, ValueError):
        steps = from_payload(payload)
    for step in steps:
        match step:
            case Send(card_of=number) | Delete(notice_of=number):
                found.add(number)
            case Edit(message_id=message):
                found.add(await uow.cards.shown_on(chat, message))
    return {number for number in found if number is not None}


async def _refresh_cards(
    uow: BotUnitOfWork, row: OutboxRow, numbers: Iterable[int], now: datetime
) -> None:
    """Let the cards of reservations be refreshed after what already waits for their chat."""
    if row.recipient_id is not None:
        await uow.outbox.notify(
            [
                Notification(row.recipient_id, CARD, number, now, offset=now.isoformat())
                for number in sorted(numbers)
            ]
        )


async def _record_messages(uow: BotUnitOfWork, row: OutboxRow, shown: Shown, now: datetime) -> None:
    """Store the numbers of the messages that show dialogues and reservations."""
    chat = row.chat_id
    for step, message in shown:
        if isinstance(step, Send) and message is not None:
            await _record_new_message(uow, row, step, message, now)
        elif isinstance(step, Delete) and step.notice_of is not None:
            await uow.cards.show_notice(step.notice_of, chat, None)
        elif isinstance(step, Edit) and message is not None and message != step.message_id:
            await _record_replacement(uow, row, step.message_id, message, now)


async def _record_replacement(
    uow: BotUnitOfWork, row: OutboxRow, missing: int, message: int, now: datetime
) -> None:
    """Store that a new message has replaced a missing one.

    Edits of the missing one that wait will create further messages, so refresh the card after them.
    """
    if row.recipient_id is not None:
        await uow.dialogues.move_card(row.recipient_id, missing, message)
    number = await uow.cards.shown_on(row.chat_id, missing)
    if number is not None:
        await uow.cards.move(row.chat_id, missing, message)
        await _refresh_cards(uow, row, [number], now)


async def _record_new_message(
    uow: BotUnitOfWork, row: OutboxRow, step: Send, message: int, now: datetime
) -> None:
    """Store the number of a new message; refresh a card that shows an earlier state already."""
    if step.dialogue and row.recipient_id is not None:
        await uow.dialogues.show_on(row.recipient_id, message)
    if step.card_of is not None:
        await uow.cards.show(step.card_of, row.chat_id, message)
        reservation = await uow.queries.reservation(step.card_of)
        if reservation is not None and reservation.revision != step.revision:
            await _refresh_cards(uow, row, [reservation.id], now)
    if step.notice_of is not None:
        await uow.cards.show_notice(step.notice_of, row.chat_id, message)
