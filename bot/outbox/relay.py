"""Delivers outbox rows: in order for each person, at least once, and outside any transaction."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from structlog.contextvars import bound_contextvars

from bot.clock import Clock
from bot.messages.actions import Action, answers_tap, from_payload, to_payload
from bot.notifications.render import NotificationRenderer, Rendering
from bot.observability.metrics import Metrics
from bot.outbox.delivery_results import DATABASE_SECONDS, DeliveryResults, Progress
from bot.outbox.message_sender import MessageSender, TryLater, Undeliverable, Unreachable
from bot.outbox.rate_limiter import Paused, Permit, Urgency
from bot.ports import Database
from bot.runtime.alarm import Alarm
from bot.runtime.chat_locks import SEND_LOCK_SECONDS, ChatLocks
from bot.runtime.tasks import drain
from domain.failures import DatabaseAway
from domain.operations.database_retry import retry_while_unavailable
from domain.operations.incident import IncidentKind
from domain.operations.outbox import REPLY, TOLD_TO_WAIT, OutboxRow

Result = TypeVar("Result")

log = logging.getLogger(__name__)

BATCH_SIZE = 100
"""How many rows of each kind are claimed at once."""
# Separate limits for answers and for notifications. Most rows in flight wait for a permit or for
# their chat's delay. Within the limit the fair queue decides the order; beyond it, the due time.
MAX_IN_FLIGHT = 200
# Without a rate limiter, so many rows are sent at the same time.
_MAX_CONCURRENT_SENDS = 32
# How long one call of deliver_due waits for its rows; later rows are found by the next call.
_BATCH_SECONDS = 0.25
# How long an answer may hold its chat's lock before it is sent. A longer wait queues it instead.
_MAX_REPLY_WAIT = 0.5
_RENEWAL = timedelta(seconds=20)
_MAX_RENDER_ATTEMPTS = 3


@dataclass(slots=True)
class _InFlight:
    """A row in flight: when it was last leased, and since when on the monotonic clock."""

    row: OutboxRow
    leased_at: datetime
    since: float


class Relay:
    """Delivers outbox rows and records the result of each."""

    def __init__(
        self,
        database: Database,
        sender: MessageSender,
        renderer: NotificationRenderer,
        chat_locks: ChatLocks,
        clock: Clock,
        alarm: Alarm,
        metrics: Metrics,
        admin_ids: frozenset[int],
    ) -> None:
        self._database = database
        self._sender = sender
        self._renderer = renderer
        self._chat_locks = chat_locks
        self._clock = clock
        self._alarm = alarm
        self._results = DeliveryResults(database, clock, metrics, admin_ids)
        self._send_slots = asyncio.Semaphore(_MAX_CONCURRENT_SENDS)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._rows: dict[int, _InFlight] = {}
        self._finished_at = time.monotonic()

    @property
    def in_flight(self) -> Collection[int]:
        """The numbers of the rows that are being delivered."""
        return frozenset(self._rows)

    @property
    def idle_seconds(self) -> float:
        """For how many seconds no row in flight has finished; 0 if none is in flight."""
        now = time.monotonic()
        oldest = min((each.since for each in self._rows.values()), default=now)
        return now - max(self._finished_at, oldest)

    @property
    def pause(self) -> timedelta:
        """How long Telegram asked the bot to send nothing; zero if it did not."""
        return self._sender.pause

    async def deliver_due(self) -> bool:
        """Claim a batch of due rows and start to deliver it; return whether more may be due.

        Returns within seconds, because the caller has other work in between. Deliveries to slow
        chats continue in the background.
        """
        if self.pause:
            return False
        answers = sum(each.row.kind == REPLY for each in self._rows.values())
        room, notifications = (
            max(0, min(BATCH_SIZE, MAX_IN_FLIGHT - count))
            for count in (answers, len(self._rows) - answers)
        )
        rows = await self._database.write(
            lambda uow: uow.outbox.claim(self._clock(), room, notifications=notifications)
        )
        if not rows and self._deliveries and not (room and notifications):
            # The kind that is at its limit may have more rows.
            await asyncio.wait(self._deliveries, timeout=_BATCH_SECONDS)
            return True
        tasks = [asyncio.create_task(self.deliver_claimed(row)) for row in rows]
        for task in tasks:
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=_BATCH_SECONDS)
        return bool(rows)

    def abort(self) -> None:
        """Cancel every delivery in progress; the leases of its rows run out."""
        for task in self._deliveries:
            task.cancel()

    async def idle(self) -> None:
        """Wait until no claimed row is being delivered."""
        while self._deliveries:
            await asyncio.wait(self._deliveries)

    async def shutdown(self) -> None:
        """Let deliveries finish for a few seconds; the outbox keeps the rest."""
        await drain(self._deliveries)

    def must_queue(self, chat: int) -> bool:
        """Return whether an answer would wait so long behind others that it must be queued."""
        return self._sender.expected_wait(chat) > _MAX_REPLY_WAIT

    async def deliver(
        self,
        row: OutboxRow,
        permit: Permit | None = None,
        *,
        actions: Sequence[Action] | None = None,
    ) -> datetime | None:
        """Deliver one row; the caller holds the chat's lock.

        The ``actions`` are those of a reply that this process has just committed; without them,
        the row says what to send. Returns when the same person's next row falls due, None if there
        is none.
        """
        with bound_contextvars(**_log_fields(row)):
            return await self._deliver(row, permit, actions)

    async def _deliver(
        self, row: OutboxRow, permit: Permit | None, actions: Sequence[Action] | None
    ) -> datetime | None:
        """Deliver one row and record the result."""
        progress = Progress()
        try:
            rendering = Rendering(actions) if actions is not None else await self._rendered(row)
            progress.steps = rendering.actions or ()
            for step in progress.steps:
                progress.shown.append((step, await self._carry_out(row, step, permit)))
        except Unreachable as error:
            await self._results.withhold(row, progress.shown, str(error))
            return None
        except TryLater as error:
            return await self._results.postpone(row, str(error), progress, error.wait)
        except Undeliverable as error:
            log.warning("parked a %s that Telegram refuses: %s", row.kind, error)
            return await self._results.park(
                row, progress.shown, str(error), IncidentKind.MESSAGE_REFUSED
            )
        except DatabaseAway:
            # The row is claimed again after its lease has run out.
            raise
        except Exception as error:
            log.exception("could not deliver a %s", row.kind)
            return await self._failed(row, f"{type(error).__name__}: {error}", progress)
        else:
            return await self._results.settle(row, rendering, progress.shown)

    async def _carry_out(self, row: OutboxRow, step: Action, permit: Permit | None) -> int | None:
        """Carry out one step of a row; return the number of the message that shows it."""
        return await self._sender.carry_out(row.chat_id, step, _urgency(row), permit)

    async def reply(self, row: OutboxRow, actions: Sequence[Action]) -> None:
        """Try to send an answer for the first time, and set the alarm for what is left.

        The ``actions`` are what was committed as the row's payload.

        The answer is queued if the person has older rows waiting, if their chat must wait, or if
        many others wait. A tap is answered at once in any case.
        """
        with self._tracked(row):
            if (due := await self._reply_or_queue(row, actions)) is not None:
                self._alarm.at(due)

    async def _reply_or_queue(self, row: OutboxRow, actions: Sequence[Action]) -> datetime | None:
        """Send an answer or queue it; return when the same person's next row falls due."""
        delay = await self._sender.chat_delay(row.chat_id) if row.attempts else 0.0
        if row.attempts and delay <= _MAX_REPLY_WAIT and not self.must_queue(row.chat_id):
            return await self.deliver(row, actions=actions)
        is_tap = answers_tap(actions)
        if is_tap:
            await self._answer_tap(row, actions)
        due = max(row.due_at, self._clock() + timedelta(seconds=delay)) if delay > 0 else row.due_at
        if row.attempts or is_tap:
            await self._results.write(lambda uow: uow.outbox.queue(row, due))
        return due

    async def _answer_tap(self, row: OutboxRow, actions: Sequence[Action]) -> None:
        """Answer the tap that a reply belongs to, while the rest of the reply waits."""
        first, *rest = actions
        try:
            await self._sender.carry_out(row.chat_id, first)
        except (Unreachable, TryLater, Undeliverable) as error:
            log.info("tap not answered yet: %s", error)
        else:
            await self._results.write(lambda uow: uow.outbox.keep(row, to_payload(rest)))

    async def deliver_claimed(self, row: OutboxRow) -> None:
        """Deliver a claimed row once it has a permit and its chat's lock.

        Sets the alarm for the same person's next row.
        """
        try:
            with self._tracked(row):
                # Wait for the permit first, so that the chat's updates are processed meanwhile.
                async with (
                    self._sender.reserve(row.chat_id, _urgency(row)) as permit,
                    self._send_slot(permit),
                ):
                    due = await self._deliver_locked(row, permit)
        except Paused as error:
            due = await self._results.postpone(
                row, TOLD_TO_WAIT, Progress(), timedelta(seconds=error.seconds)
            )
            self._alarm.at(due)
        except Exception:
            log.exception("a delivery failed and is left to the next sweep")
        else:
            if due is not None:
                self._alarm.at(due)

    def _send_slot(self, permit: Permit | None) -> AbstractAsyncContextManager[None]:
        """Limit concurrent sends without a permit; with one, a row must not wait for a slot."""
        return self._send_slots if permit is None else nullcontext()

    async def _deliver_locked(self, row: OutboxRow, permit: Permit | None) -> datetime | None:
        """Wait for the chat's lock, and deliver a row if its lease is still ours."""
        chat_lock = await retry_while_unavailable(
            lambda: self._chat_locks.acquire_for_send(row.chat_id), seconds=DATABASE_SECONDS
        )
        with chat_lock.hold_at_most(SEND_LOCK_SECONDS):
            # During the wait, the row may have been postponed, or replaced for a moved hold.
            if await self._results.write(lambda uow: uow.outbox.renew(row, self._clock())):
                return await self.deliver(row, permit)
            await self._results.record_unsent(row)
            return None

    @contextmanager
    def _tracked(self, row: OutboxRow) -> Iterator[None]:
        """Count a row as in flight for a block; its lease is renewed for as long as that takes."""
        tracked = _InFlight(row, self._clock(), time.monotonic())
        self._rows[row.id] = tracked
        try:
            yield
        finally:
            self._finished_at = time.monotonic()
            if self._rows.get(row.id) is tracked:
                del self._rows[row.id]

    async def renew_leases(self) -> None:
        """Renew the old leases of rows in flight.

        A server may take longer to answer than a lease lasts, or the clock may be set forward.
        """
        now = self._clock()
        old = [each for each in self._rows.values() if abs(now - each.leased_at) >= _RENEWAL]
        if old:
            await self._database.write(
                lambda uow: uow.outbox.renew_all([each.row for each in old], now)
            )
            for each in old:
                each.leased_at = now

    async def _rendered(self, row: OutboxRow) -> Rendering:
        """Return the steps of a row."""
        if row.kind == REPLY:
            return Rendering(from_payload(row.payload))
        return await self._results.read(lambda uow: self._renderer.render(uow, row, self._clock()))

    async def _failed(self, row: OutboxRow, error: str, progress: Progress) -> datetime | None:
        """Postpone a row that the bot failed to render, and park it after a few attempts."""
        if row.attempts < _MAX_RENDER_ATTEMPTS:
            attempted = bool(progress.steps)
            return await self._results.postpone(row, error, progress, None, attempted=attempted)
        return await self._results.park(row, progress.shown, error, IncidentKind.MESSAGE_BROKEN)


def _log_fields(row: OutboxRow) -> dict[str, object]:
    """Return the log fields of a row: its chat, its kind, and its reservation if it has one."""
    fields: dict[str, object] = {"chat": row.chat_id, "kind": row.kind}
    return fields if row.reservation_id is None else {**fields, "reservation": row.reservation_id}


def _urgency(row: OutboxRow) -> Urgency:
    """Return the urgency of a row: a person waits for an answer."""
    return Urgency.ANSWER if row.kind == REPLY else Urgency.NOTIFICATION
