"""Take what the outbox holds to the people it is for: in order for each person, at least once, and never in a transaction."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from structlog.contextvars import bound_contextvars

from bot.clock import Clock
from bot.messages.actions import Answer, Delete, Edit, Send, Step, packed, unpacked
from bot.notifications.render import NotificationRenderer
from bot.observability.metrics import Metrics
from bot.observability.redaction import redact
from bot.outbox.rate_limiter import Paused, Permit, Urgency
from bot.outbox.sender import MessageSender, TryLater, Undeliverable, Unreachable
from bot.ports import BotUnitOfWork, Database
from bot.runtime.alarm import Alarm
from bot.runtime.chat_locks import SEND_LOCK_SECONDS, ChatLocks, finished
from domain.operations.incident import Trouble
from domain.operations.outbox import DIGEST, REPLY, TOLD_TO_WAIT, OutboxRow
from domain.operations.retry import retry_while_unavailable
from domain.ports import DatabaseAway

Result = TypeVar("Result")

log = logging.getLogger(__name__)

_BATCH = 100
# As many answers, and as many notifications. Most of them wait for a permit, or for the rest of their chats. Up to this many, the fair
# queue decides the order; beyond it, the due time does.
_IN_HAND = 200
# As many are sent at a time, whether or not there is a rate limit.
_SIDE_BY_SIDE = 32
# For how long a look at what is due waits for what it found; what fell due meanwhile is found by the next look.
_LOOK_SECONDS = 0.25
# For how long an answer may keep its chat's turn until it may be sent. One that has to wait longer is queued in the outbox.
_SHORT_WAIT = 0.5
_RENEWAL = timedelta(seconds=20)
_LONGEST_WAIT = timedelta(minutes=5)
_RENDERINGS = 3
# While the database is away, what is in hand waits for it: nobody else takes it over before its lease of a minute is over.
_DATABASE_SECONDS = 45.0


@dataclass(slots=True)
class _Held:
    """A row in hand: since when by the monotonic clock, and when it was leased last."""

    row: OutboxRow
    leased_at: datetime
    since: float


Shown = list[tuple[Step, int | None]]
"""The steps of a row that are done, each with the number of the message that shows it now."""


class Relay:
    """Delivers outbox rows and notes what became of each."""

    def __init__(
        self,
        database: Database,
        delivery: MessageSender,
        news: NotificationRenderer,
        chat_locks: ChatLocks,
        clock: Clock,
        alarm: Alarm,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._news = news
        self._chat_locks = chat_locks
        self._clock = clock
        self._alarm = alarm
        self._metrics = metrics
        self._slots = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._in_hand: set[asyncio.Task[None]] = set()
        self._rows: dict[int, _Held] = {}
        self._done_at = time.monotonic()

    @property
    def in_hand(self) -> Collection[int]:
        """The numbers of the rows that are being delivered."""
        return frozenset(self._rows)

    @property
    def idle_seconds(self) -> float:
        """For how many seconds no row that is in hand has been done with; 0 where none is in hand."""
        now = time.monotonic()
        return now - max(
            self._done_at, min((held.since for held in self._rows.values()), default=now)
        )

    @property
    def pause(self) -> timedelta:
        """For how long Telegram asked to be told nothing; zero where it did not."""
        return self._delivery.pause

    async def deliver_due(self) -> bool:
        """Take one batch of what is due in hand, and tell whether there may be more to take.

        It is delivered when this returns, but for people whose chats take long: they are served further, and nobody waits for them. This
        returns within seconds in any case, since whoever calls has other work to do in between.
        """
        if self.pause:
            return False
        answers = sum(held.row.kind == REPLY for held in self._rows.values())
        room, news = (
            max(0, min(_BATCH, _IN_HAND - many)) for many in (answers, len(self._rows) - answers)
        )
        rows = await self._database.write(
            lambda work: work.outbox.claim(self._clock(), room, notifications=news)
        )
        if not rows and self._in_hand and not (room and news):
            # There may be more of the kind that is full.
            await asyncio.wait(self._in_hand, timeout=_LOOK_SECONDS)
            return True
        tasks = [asyncio.create_task(self._deliver_to_one(row)) for row in rows]
        for task in tasks:
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=_LOOK_SECONDS)
        return bool(rows)

    def abort(self) -> None:
        """Cancel every delivery in progress; the leases of its rows run out."""
        for task in self._in_hand:
            task.cancel()

    async def idle(self) -> None:
        """Wait until nothing is in hand."""
        while self._in_hand:
            await asyncio.wait(self._in_hand)

    async def shutdown(self) -> None:
        """Let what is in hand arrive, but not for ever: the outbox has what does not."""
        await finished(self._in_hand)

    def must_queue(self, chat: int) -> bool:
        """Tell whether an answer in a chat would wait behind those of others for so long that it is better queued in the outbox."""
        return self._delivery.wait(chat) > _SHORT_WAIT

    async def deliver(self, row: OutboxRow, permit: Permit | None = None) -> datetime | None:
        """Deliver one row, whose chat's turn the caller has; return when there is more to tell the same person, None where there is not."""
        with bound_contextvars(**_logged(row)):
            return await self._delivered(row, permit)

    async def _delivered(self, row: OutboxRow, permit: Permit | None) -> datetime | None:
        """Deliver one row and note what became of it."""
        shown: Shown = []
        attempted = False
        try:
            steps = await self._steps(row)
            attempted = bool(steps)
            for step in steps or ():
                shown.append(
                    (
                        step,
                        await self._delivery.carry_out(
                            row.recipient_id, step, _urgency(row), permit
                        ),
                    )
                )
        except Unreachable as error:
            await self._give_up(row, str(error))
            return None
        except TryLater as error:
            return await self._postpone(row, str(error), shown, error.wait)
        except Undeliverable as error:
            log.warning("parked a %s that Telegram refuses: %s", row.kind, error)
            return await self._park(row, shown, str(error), Trouble.MESSAGE_REFUSED)
        except DatabaseAway:
            # Nobody's fault: it is told once its lease is over.
            raise
        except Exception as error:
            log.exception("could not deliver a %s", row.kind)
            return await self._failed(
                row, f"{type(error).__name__}: {error}", shown, attempted=attempted
            )
        else:
            return await self._record_result(row, "skipped" if steps is None else "sent", shown)

    async def reply(self, row: OutboxRow) -> None:
        """Tell an answer for the first time; what has to wait is left to the alarm.

        It is queued if the person has older rows waiting, their chat must rest, or many others wait. A tap is answered at once.
        """
        with self._holding(row):
            if (due := await self._replied(row)) is not None:
                self._alarm.at(due)

    async def _replied(self, row: OutboxRow) -> datetime | None:
        """Tell an answer, or put it off; return when there is more to tell the same person."""
        rest = await self._delivery.rest(row.recipient_id) if row.attempts else 0.0
        if row.attempts and rest <= _SHORT_WAIT and not self.must_queue(row.recipient_id):
            return await self.deliver(row)
        await self._answer_at_once(row)
        due = max(row.due_at, self._clock() + timedelta(seconds=max(rest, 0.0)))
        if row.attempts:
            await self._write(lambda work: work.outbox.queue(row, due))
        return due

    async def _answer_at_once(self, row: OutboxRow) -> None:
        """Answer the tap a reply belongs to, where the rest of the reply has to wait."""
        first, *rest = unpacked(row.payload)
        if not isinstance(first, Answer):
            return
        try:
            await self._delivery.carry_out(row.recipient_id, first)
        except (Unreachable, TryLater, Undeliverable) as error:
            log.info("tap not answered yet: %s", error)
        else:
            await self._write(lambda work: work.outbox.keep(row, packed(rest)))

    async def _deliver_to_one(self, row: OutboxRow) -> None:
        """Deliver what is first for one person, and have the alarm set for what comes next."""
        try:
            with self._holding(row):
                # The permit comes first: a chat whose message waits for one can be worked meanwhile.
                async with (
                    self._delivery.permitted(row.recipient_id, _urgency(row)) as permit,
                    self._admitted(permit),
                ):
                    due = await self._delivered_in_turn(row, permit)
        except Paused as error:
            due = await self._postpone(row, TOLD_TO_WAIT, [], timedelta(seconds=error.seconds))
            self._alarm.at(due)
        except Exception:
            log.exception("what waits for one person is left to the next sweep")
        else:
            if due is not None:
                self._alarm.at(due)

    def _admitted(self, permit: Permit | None) -> AbstractAsyncContextManager[None]:
        """Have few rows sent at a time where no permits limit that. With a permit in hand, a row must wait for nothing but its chat."""
        return self._slots if permit is None else nullcontext()

    async def _delivered_in_turn(self, row: OutboxRow, permit: Permit | None) -> datetime | None:
        """Wait for the chat's turn, and deliver a row if it is still ours then."""
        turn = await retry_while_unavailable(
            lambda: self._chat_locks.take(row.recipient_id), seconds=_DATABASE_SECONDS
        )
        with turn.lasting(SEND_LOCK_SECONDS):
            # By now the row may have been put off, or put in again for a moved hold.
            if await self._write(lambda work: work.outbox.renew(row, self._clock())):
                return await self.deliver(row, permit)
            await self._note_unsent(row)
            return None

    @contextmanager
    def _holding(self, row: OutboxRow) -> Iterator[None]:
        """Have a row in hand for a block; its lease is renewed for as long as that takes."""
        held = _Held(row, self._clock(), time.monotonic())
        self._rows[row.id] = held
        try:
            yield
        finally:
            self._done_at = time.monotonic()
            if self._rows.get(row.id) is held:
                del self._rows[row.id]

    async def renew_leases(self) -> None:
        """Renew old leases of what is in hand: a server may take longer to answer than a lease lasts, or the clock may be set forward."""
        now = self._clock()
        old = [
            held
            for held in self._rows.values()
            if held.row.attempts and abs(now - held.leased_at) >= _RENEWAL
        ]
        if old:
            await self._database.write(
                lambda work: work.outbox.renew_all([held.row for held in old], now)
            )
            for held in old:
                held.leased_at = now

    async def _note_unsent(self, row: OutboxRow) -> None:
        """Note that a try of a notification sent nothing."""
        if row.reservation_id is not None:
            await self._write(lambda work: work.outbox.keep(row, row.refused()))

    async def _write(self, do: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Note something of a row in hand, as soon as the database is there: what is not noted is told again."""
        return await retry_while_unavailable(
            lambda: self._database.write(do), seconds=_DATABASE_SECONDS
        )

    async def _read(self, ask: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Look something up for a row in hand, as soon as the database is there."""

        async def attempt() -> Result:
            async with self._database.snapshot() as work:
                return await ask(work)

        return await retry_while_unavailable(attempt, seconds=_DATABASE_SECONDS)

    async def _steps(self, row: OutboxRow) -> Sequence[Step] | None:
        """Return what a row comes to now, or None where it no longer holds."""
        if row.kind == REPLY:
            return unpacked(row.payload)
        return await self._read(lambda work: self._news.steps(work, row, self._clock()))

    async def _record_result(
        self, row: OutboxRow, state: Literal["sent", "skipped"], shown: Shown
    ) -> datetime | None:
        """Note what became of a row, and which messages show what from now on, in one transaction; return when there is more."""

        async def settled(work: BotUnitOfWork) -> datetime | None:
            await _note_messages(work, row.recipient_id, shown)
            return await work.outbox.record_result(row, state, self._clock())

        following = await self._write(settled)
        self._metrics.delivered(row.kind, state)
        return following

    async def _park(
        self, row: OutboxRow, shown: Shown, error: str, trouble: Trouble
    ) -> datetime | None:
        """Put a row aside that nobody will ever get, for an operator to see, who is told; return when there is more."""
        now = self._clock()

        async def parked(work: BotUnitOfWork) -> datetime | None:
            await _note_messages(work, row.recipient_id, shown)
            # A digest that cannot be told is no reason for another one.
            if row.kind != DIGEST:
                await work.incidents.note(trouble, redact(error.partition(":")[0]), now)
            return await work.outbox.record_result(row, "parked", now, error)

        following = await self._write(parked)
        self._metrics.delivered(row.kind, "parked")
        return following

    async def _give_up(self, row: OutboxRow, error: str) -> None:
        """Note that a person cannot be reached: what waits for him is put aside until he can."""
        log.info("recipient unreachable: %s", error)
        now = self._clock()

        async def given_up(work: BotUnitOfWork) -> None:
            if row.reservation_id is not None:
                await work.outbox.keep(row, row.withheld())
            await work.clients.mark_unreachable(row.recipient_id, now)
            await work.outbox.withhold(row.recipient_id, now, error)

        await self._write(given_up)
        self._metrics.delivered(row.kind, "unreachable")

    async def _postpone(
        self,
        row: OutboxRow,
        error: str,
        shown: Shown,
        wait: timedelta | None,
        *,
        attempted: bool = True,
    ) -> datetime:
        """Try the rest of a row again when Telegram said, or else after a wait that doubles from one second to five minutes."""
        unsent = wait is not None or not attempted
        wait = wait or min(timedelta(seconds=2 ** min(row.attempts - 1, 10)), _LONGEST_WAIT)
        log.warning("a %s waits %.0f s: %s", row.kind, wait.total_seconds(), error)
        until = self._clock() + wait

        async def postponed(work: BotUnitOfWork) -> None:
            await _note_messages(work, row.recipient_id, shown)
            if row.kind == REPLY and shown:
                await work.outbox.keep(row, packed(unpacked(row.payload)[len(shown) :]))
            elif unsent and row.reservation_id is not None:
                await work.outbox.keep(row, row.refused())
            await work.outbox.postpone(row, until, error)

        await self._write(postponed)
        self._metrics.delivered(row.kind, "postponed")
        return until

    async def _failed(
        self, row: OutboxRow, error: str, shown: Shown, *, attempted: bool
    ) -> datetime | None:
        """Try a row that we ourselves fail to render a few times, then park it for an operator to see."""
        if row.attempts < _RENDERINGS:
            return await self._postpone(row, error, shown, None, attempted=attempted)
        return await self._park(row, shown, error, Trouble.MESSAGE_BROKEN)


def _logged(row: OutboxRow) -> dict[str, object]:
    """Return what a log tells of a row: for whom, what, and of which reservation, where it is of one."""
    told: dict[str, object] = {"chat": row.recipient_id, "kind": row.kind}
    return told if row.reservation_id is None else {**told, "reservation": row.reservation_id}


def _urgency(row: OutboxRow) -> Urgency:
    """Tell whether somebody waits for this."""
    return Urgency.ANSWER if row.kind == REPLY else Urgency.NOTIFICATION


async def _note_messages(work: BotUnitOfWork, chat: int, shown: Shown) -> None:
    """Keep the numbers of new messages with what they show."""
    for step, message in shown:
        if isinstance(step, Send) and message is not None:
            await _note_sent(work, chat, step, message)
        elif isinstance(step, Delete) and step.notice_of is not None:
            await _note_notice(work, step.notice_of, None)
        elif isinstance(step, Edit) and message not in {None, step.message_id}:
            await work.dialogues.move_card(chat, step.message_id, message)
            await work.reservations.move_card(chat, step.message_id, message)


async def _note_sent(work: BotUnitOfWork, chat: int, step: Send, message: int) -> None:
    """Keep the number of a new message."""
    if step.dialogue:
        await work.dialogues.show_on(chat, message)
    if step.card_of is not None:
        await work.reservations.show_on(step.card_of, card=message, notice=None)
    if step.notice_of is not None:
        await _note_notice(work, step.notice_of, message)


async def _note_notice(work: BotUnitOfWork, reservation_id: int, message: int | None) -> None:
    """Keep the number of the message that warns of a hold, or that there is none any more."""
    if reservation := await work.reservations.get(reservation_id):
        await work.reservations.show_on(
            reservation.id, card=reservation.card_message_id, notice=message
        )
